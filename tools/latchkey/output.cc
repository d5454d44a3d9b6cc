#include "output.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <simdjson.h>

#include <algorithm>

#include "latchkey/base/printable.h"

namespace latchkey::command {

namespace {

using simdjson::dom::element;
using simdjson::dom::parser;

std::string text_of(const element& object, std::string_view name) {
  std::string_view text;
  if (object[name].get_string().get(text) != simdjson::SUCCESS) return {};
  return printable(text);
}

std::string yes_or_no(const element& object, std::string_view name) {
  bool value = false;
  const bool is_known = object[name].get_bool().get(value) == simdjson::SUCCESS;
  return is_known && value ? "yes" : "no";
}

std::vector<std::string> texts_of(const element& object, std::string_view name) {
  std::vector<std::string> texts;
  simdjson::dom::array array;
  if (object[name].get_array().get(array) != simdjson::SUCCESS) return texts;
  for (const element each : array) {
    std::string_view text;
    if (each.get_string().get(text) == simdjson::SUCCESS) texts.push_back(printable(text));
  }
  return texts;
}

/// The groups of a user's object, separated by commas.
std::string groups_of(const element& user) {
  return fmt::format("{}", fmt::join(texts_of(user, "groups"), ", "));
}

using Row = std::vector<std::string>;

/// Makes columns as wide as their widest cell, two blanks apart.
std::string table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns_of(row[i]));
  }
  std::string out;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      line.append(widths[i] - columns_of(row[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  return out;
}

}  // namespace

std::string refusal_text(std::string_view json) {
  parser parsing;
  element reply;
  if (parsing.parse(json.data(), json.size()).get(reply) != simdjson::SUCCESS)
    return "the server's answer is no JSON";
  const std::string detail = text_of(reply, "detail");
  return detail.empty() ? "the server refused without a reason" : detail;
}

std::string ended_text(std::string_view json) {
  parser parsing;
  element reply;
  std::uint64_t ended = 0;
  if (parsing.parse(json.data(), json.size()).get(reply) != simdjson::SUCCESS) return {};
  if (reply["ended_tokens"].get_uint64().get(ended) != simdjson::SUCCESS) return {};
  return fmt::format("; {} {} ended", ended, ended == 1 ? "token" : "tokens");
}

std::string groups_text(std::string_view json) {
  parser parsing;
  element reply;
  if (parsing.parse(json.data(), json.size()).get(reply) != simdjson::SUCCESS) return {};
  const std::string groups = groups_of(reply);
  return groups.empty() ? "is in no group" : "is in " + groups;
}

std::string unlocked_text(std::string_view json) {
  parser parsing;
  element reply;
  bool unlocked = false;
  std::uint64_t seconds = 0;
  std::uint64_t guesses = 0;
  if (parsing.parse(json.data(), json.size()).get(reply) != simdjson::SUCCESS) return {};
  if (reply["unlocked"].get_bool().get(unlocked) != simdjson::SUCCESS) return {};
  if (!unlocked) return text_of(reply, "detail") + "\n";
  if (reply["seconds"].get_uint64().get(seconds) != simdjson::SUCCESS) return {};
  if (reply["guesses_by_address"].get_uint64().get(guesses) != simdjson::SUCCESS) return {};
  return fmt::format(
      "for {} seconds failed logins in this name are counted at each address by itself, from nothing\n"
      "until then a guesser has {} guesses at once from each address of his (IPv6: each /64) and as many "
      "again "
      "spread over that time, where otherwise all addresses share them\n",
      seconds, guesses);
}

ReloadReply read_reload_reply(std::string_view json) {
  parser parsing;
  element reply;
  if (parsing.parse(json.data(), json.size()).get(reply) != simdjson::SUCCESS) return {};
  return {.applied = texts_of(reply, "applied"),
          .pending = texts_of(reply, "pending"),
          .hidden = texts_of(reply, "hidden"),
          .problems = texts_of(reply, "problems"),
          .warnings = texts_of(reply, "warnings")};
}

Page read_page(std::string_view json, std::string_view member) {
  Page page;
  parser parsing;
  element reply;
  simdjson::dom::array elements;
  if (parsing.parse(json.data(), json.size()).get(reply) != simdjson::SUCCESS) return page;
  if (reply[member].get_array().get(elements) == simdjson::SUCCESS) {
    for (const element of : elements) page.elements.push_back(simdjson::minify(of));
  }
  std::string_view next;
  if (reply["next"].get_string().get(next) == simdjson::SUCCESS) page.next = next;
  return page;
}

std::uint64_t number_member(std::string_view json, std::string_view name) {
  parser parsing;
  element reply;
  std::uint64_t number = 0;
  if (parsing.parse(json.data(), json.size()).get(reply) != simdjson::SUCCESS) return 0;
  return reply[name].get_uint64().get(number) == simdjson::SUCCESS ? number : 0;
}

bool truth_member(std::string_view json, std::string_view name) {
  parser parsing;
  element of;
  bool truth = false;
  if (parsing.parse(json.data(), json.size()).get(of) != simdjson::SUCCESS) return false;
  return of[name].get_bool().get(truth) == simdjson::SUCCESS && truth;
}

std::string text_member(std::string_view json, std::string_view name) {
  parser parsing;
  element of;
  std::string_view text;
  if (parsing.parse(json.data(), json.size()).get(of) != simdjson::SUCCESS) return {};
  return of[name].get_string().get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

std::string users_json(const std::vector<std::string>& users) {
  return fmt::format("{{\"users\":[{}]}}", fmt::join(users, ","));
}

std::string users_table(const std::vector<std::string>& users) {
  std::vector<Row> rows = {
      {"NAME", "ACTIVE", "SUPERUSER", "CREATED", "FIRST NAME", "LAST NAME", "EMAIL", "GROUPS"}};
  for (const std::string& json : users) {
    parser parsing;
    element user;
    if (parsing.parse(json).get(user) != simdjson::SUCCESS) continue;
    rows.push_back({text_of(user, "name"), yes_or_no(user, "active"), yes_or_no(user, "superuser"),
                    text_of(user, "created"), text_of(user, "first_name"), text_of(user, "last_name"),
                    text_of(user, "email"), groups_of(user)});
  }
  return table(rows);
}

std::string user_lines(std::string_view json) {
  parser parsing;
  element user;
  if (parsing.parse(json.data(), json.size()).get(user) != simdjson::SUCCESS) return {};
  std::string out;
  for (const auto& [name, value] :
       {std::pair("name", text_of(user, "name")), std::pair("active", yes_or_no(user, "active")),
        std::pair("superuser", yes_or_no(user, "superuser")), std::pair("created", text_of(user, "created")),
        std::pair("first name", text_of(user, "first_name")),
        std::pair("last name", text_of(user, "last_name")), std::pair("email", text_of(user, "email")),
        std::pair("groups", groups_of(user)), std::pair("hash", text_of(user, "hash_kind")),
        std::pair("tokens", std::to_string(number_member(json, "live_tokens")))}) {
    std::string line = fmt::format("{:<11} {}", name, value);
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  return out;
}

std::string all_tokens_table(const std::vector<std::string>& tokens) {
  std::vector<Row> rows = {{"USER", "CREATED", "LAST USED", "EXPIRES", "ADDRESS", "AGENT"}};
  for (const std::string& json : tokens) {
    parser parsing;
    element token;
    if (parsing.parse(json).get(token) != simdjson::SUCCESS) continue;
    rows.push_back({text_of(token, "user"), text_of(token, "created"), text_of(token, "last_used"),
                    text_of(token, "expires"), text_of(token, "address"), text_of(token, "agent")});
  }
  return table(rows);
}

std::string tokens_table(std::string_view json) {
  std::vector<Row> rows = {{"CREATED", "LAST USED", "EXPIRES", "ADDRESS", "AGENT"}};
  parser parsing;
  element reply;
  simdjson::dom::array tokens;
  if (parsing.parse(json.data(), json.size()).get(reply) != simdjson::SUCCESS) return table(rows);
  if (reply["tokens"].get_array().get(tokens) != simdjson::SUCCESS) return table(rows);
  for (const element token : tokens) {
    rows.push_back({text_of(token, "created"), text_of(token, "last_used"), text_of(token, "expires"),
                    text_of(token, "address"), text_of(token, "agent")});
  }
  std::string out = table(rows);
  bool complete = true;
  const bool is_known = reply["complete"].get_bool().get(complete) == simdjson::SUCCESS;
  if (is_known && !complete) out += fmt::format("(the oldest {}; there are more)\n", tokens.size());
  return out;
}

}  // namespace latchkey::command
