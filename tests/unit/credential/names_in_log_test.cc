#include "latchkey/credential/names_in_log.h"

#include <gtest/gtest.h>

#include <string>

#include "support/base_doubles.h"

namespace latchkey::credential {
namespace {

std::string line_on(const NamesInLog& names, std::string_view name) {
  test::KeptLog log;
  {
    LogEvent event(log, LogLevel::kInfo, "test");
    names.put(event, name);
  }
  return log.lines.at(0);
}

TEST(NamesInLog, TellTheNameOfAUserWhoWasFound) {
  NamesInLog names;
  names.found("alice");
  EXPECT_EQ(line_on(names, "alice"), "event=test user=alice");
}

TEST(NamesInLog, SayEightDigitsForAnyOtherAndTheSameForTheSame) {
  NamesInLog names;
  names.found("alice");
  const std::string line = line_on(names, "my password");
  constexpr std::string_view kBefore = "event=test unknown_user=";
  ASSERT_TRUE(line.starts_with(kBefore)) << line;
  const std::string digits = line.substr(kBefore.size());
  EXPECT_EQ(digits.size(), 8U);
  EXPECT_EQ(digits.find_first_not_of("0123456789abcdef"), std::string::npos) << digits;
  EXPECT_EQ(line_on(names, "my password"), line);
  EXPECT_NE(line_on(names, "my passwore"), line);
}

TEST(NamesInLog, SayOthersUnderAnotherKey) {
  const NamesInLog::Key key{1};
  EXPECT_NE(line_on(NamesInLog(key), "bob"), line_on(NamesInLog(NamesInLog::Key{2}), "bob"));
  EXPECT_EQ(line_on(NamesInLog(key), "bob"), line_on(NamesInLog(key), "bob")) << "all cores have one key";
}

TEST(NamesInLog, RememberABoundedNumberAndForgetTowardsTheHash) {
  NamesInLog names;
  for (int i = 0; i < 100'000; ++i) names.found("user" + std::to_string(i));
  std::size_t known = 0;
  for (int i = 0; i < 100'000; ++i) {
    known += line_on(names, "user" + std::to_string(i)).find(" user=") != std::string::npos ? 1U : 0U;
  }
  EXPECT_GT(known, 0U);
  EXPECT_LE(known, 1024U);
  EXPECT_EQ(line_on(names, "never seen").find(" user="), std::string::npos);
}

}  // namespace
}  // namespace latchkey::credential
