#include "server/settings_sites.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <variant>

#include "server/settings_text.h"

namespace latchkey::server {

namespace {

using api::SiteRules;
using Texts = std::vector<std::string>;

/// One key of a site's table.
struct SiteKey {
  std::string_view key;
  std::variant<std::string SiteRules::*, Texts SiteRules::*, bool SiteRules::*> member;
  std::string_view expectation;
};

constexpr SiteKey kKeys[] = {
    {"hosts", &SiteRules::hosts, R"(a list of hosts, as ["app.example.com", "*.example.org"])"},
    {"cookie_domain", &SiteRules::cookie_domain, R"(a domain, as "example.com")"},
    {"sign_in", &SiteRules::sign_in, R"(the URL of the sign-in page, as "https://auth.example.com/auth/")"},
    {"users", &SiteRules::users, R"(a list of user names, as ["ann", "ben"])"},
    {"groups", &SiteRules::groups, R"(a list of groups, as ["staff"])"},
    {"public", &SiteRules::public_paths, R"(a list of paths, as ["/health", "/assets/"])"},
    {"preflight", &SiteRules::preflight, "true or false"},
    {"redirect", &SiteRules::redirect, "true or false"},
};

const SiteKey* find_key(std::string_view key) noexcept {
  for (const SiteKey& known : kKeys) {
    if (known.key == key) return &known;
  }
  return nullptr;
}

struct Assignment {
  const toml::node& node;
  SiteRules& rules;

  bool operator()(std::string SiteRules::*member) const {
    if (!node.is_string()) return false;
    rules.*member = node.as_string()->get();
    return true;
  }
  bool operator()(bool SiteRules::*member) const {
    if (!node.is_boolean()) return false;
    rules.*member = node.as_boolean()->get();
    return true;
  }
  /// One string stands for a list of one.
  bool operator()(Texts SiteRules::*member) const {
    if (const auto* const text = node.as_string()) {
      (rules.*member).assign(1, text->get());
      return true;
    }
    const toml::array* const array = node.as_array();
    if (array == nullptr) return false;
    Texts texts;
    for (const toml::node& element : *array) {
      if (!element.is_string()) return false;
      texts.push_back(element.as_string()->get());
    }
    rules.*member = std::move(texts);
    return true;
  }
};

struct Literal {
  const SiteRules& rules;

  std::string operator()(std::string SiteRules::*member) const {
    return (rules.*member).empty() ? std::string() : toml_string(rules.*member);
  }
  std::string operator()(bool SiteRules::*member) const { return rules.*member ? "true" : "false"; }
  std::string operator()(Texts SiteRules::*member) const {
    Texts quoted;
    for (const std::string& text : rules.*member) quoted.push_back(toml_string(text));
    return quoted.empty() ? std::string() : fmt::format("[{}]", fmt::join(quoted, ", "));
  }
};

std::string known_keys() {
  std::vector<std::string_view> keys;
  for (const SiteKey& known : kKeys) keys.push_back(known.key);
  return fmt::format("{}", fmt::join(keys, ", "));
}

}  // namespace

std::vector<std::pair<const toml::key*, const toml::node*>> in_order_of_lines(const toml::table& table) {
  std::vector<std::pair<const toml::key*, const toml::node*>> entries;
  for (const auto& [key, node] : table) entries.emplace_back(&key, &node);
  std::sort(entries.begin(), entries.end(), [](const auto& left, const auto& right) {
    return left.first->source().begin < right.first->source().begin;
  });
  return entries;
}

SiteRules read_site(const toml::table& table,
                    const std::function<void(std::size_t line, const std::string& what)>& refuse) {
  SiteRules rules;
  for (const auto& [key, node] : in_order_of_lines(table)) {
    const std::size_t line = key->source().begin.line;
    const SiteKey* const known = find_key(key->str());
    if (known == nullptr) {
      refuse(line, fmt::format("{} is no key of a site; those are {}", key->str(), known_keys()));
    } else if (!std::visit(Assignment{*node, rules}, known->member)) {
      refuse(line, fmt::format("{}: expected {}", key->str(), known->expectation));
    }
  }
  return rules;
}

std::string sites_reference() {
  std::string text =
      "\n## Sites\n\nEach `[[site]]` table of the file is a site that proxies guard (docs/proxies). A reload changes "
      "them **now**.\n\n| key | value |\n| --- | --- |\n";
  for (const SiteKey& known : kKeys) {
    fmt::format_to(std::back_inserter(text), "| `{}` | {} |\n", known.key, known.expectation);
  }
  return text;
}

std::string sites_text(const std::vector<SiteRules>& sites) {
  std::string text;
  for (const SiteRules& rules : sites) {
    text += "\n[[site]]\n";
    for (const SiteKey& known : kKeys) {
      const std::string literal = std::visit(Literal{rules}, known.member);
      if (!literal.empty()) fmt::format_to(std::back_inserter(text), "{} = {}\n", known.key, literal);
    }
  }
  return text;
}

}  // namespace latchkey::server
