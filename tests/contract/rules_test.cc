// Compares the list of rules, docs/contract.md, with the list of tests. Each rule has a suite of its name in
// this program (C-11 has C11), or a browser test whose name begins with it. No suite has any other name.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <stdexcept>
#include <string>

#include "contract_paths.h"

namespace latchkey::test {
namespace {

using Names = std::set<std::string>;

const std::filesystem::path kRoot = LATCHKEY_SOURCE_ROOT;

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

/// What the pattern's first group matches in the text, each as often as it does.
std::multiset<std::string> matches(const std::string& text, const std::string& pattern) {
  const std::regex expression(pattern);
  std::multiset<std::string> found;
  for (std::sregex_iterator match(text.begin(), text.end(), expression); match != std::sregex_iterator();
       ++match) {
    found.insert((*match)[1].str());
  }
  return found;
}

/// A rule is stated where its number is in bold at the head of a list item.
std::multiset<std::string> stated_rules() {
  return matches(text_of(kRoot / "docs/contract.md"), R"(\n- \*\*([BCS]-\d+)\*\* )");
}

/// All suites of this program except this file's own, whatever the filter.
Names suites() {
  const ::testing::UnitTest& unit_test = *::testing::UnitTest::GetInstance();
  Names names;
  for (int i = 0; i < unit_test.total_test_suite_count(); ++i) {
    const std::string name = unit_test.GetTestSuite(i)->name();
    if (name != "Rules") names.insert(name);
  }
  return names;
}

/// The rules that names of browser tests begin with: test('B-2 ...').
Names rules_tested_in_a_browser() {
  const std::filesystem::path directory = kRoot / "tests/browser";
  Names names;
  if (!std::filesystem::is_directory(directory)) return names;
  for (const auto& file : std::filesystem::directory_iterator(directory)) {
    if (file.path().extension() != ".mjs") continue;
    names.merge(matches(text_of(file.path()), R"([tT]est\(\s*['"`]([BCS]-\d+) )"));
  }
  return names;
}

std::string suite_of(const std::string& rule) { return rule.substr(0, 1) + rule.substr(2); }

TEST(Rules, AreEachStatedOnce) {
  const std::multiset<std::string> rules = stated_rules();
  // Guards against misreading the page: there are at least as many rules as were published.
  EXPECT_GE(rules.size(), 30U);
  for (const std::string& rule : rules) EXPECT_EQ(rules.count(rule), 1U) << rule;
}

TEST(Rules, HaveEachATest) {
  const Names tested = suites();
  const Names in_a_browser = rules_tested_in_a_browser();
  Names untested;
  for (const std::string& rule : stated_rules()) {
    if (!tested.contains(suite_of(rule)) && !in_a_browser.contains(rule)) untested.insert(rule);
  }
  EXPECT_EQ(untested, Names()) << "rules of docs/contract.md without a test";
}

TEST(Rules, AreWhatEverySuiteIsNamedBy) {
  Names nameless = suites();
  Names unstated = rules_tested_in_a_browser();
  for (const std::string& rule : stated_rules()) {
    nameless.erase(suite_of(rule));
    unstated.erase(rule);
  }
  EXPECT_EQ(nameless, Names()) << "suites without a rule in docs/contract.md";
  EXPECT_EQ(unstated, Names()) << "tests in a browser of no rule in docs/contract.md";
}

}  // namespace
}  // namespace latchkey::test
