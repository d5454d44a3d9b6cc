// shadow(5), and passwd(5) beside it for the number of a user and the name of the person.
#include <fmt/format.h>

#include <charconv>
#include <map>
#include <string>

#include "migration/lines.h"
#include "migration/readers.h"

namespace latchkey::migration {

namespace {

constexpr std::size_t kFields = 9;
constexpr std::size_t kExpiryField = 7;
constexpr std::int64_t kFirstPerson = 1000;
constexpr std::int64_t kNobody = 65534;
constexpr std::int64_t kMillisecondsPerDay = std::int64_t{86'400} * 1000;

std::optional<std::int64_t> number_of(std::string_view text) noexcept {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

struct Person {
  std::int64_t number = 0;
  std::string first_name;
  std::string last_name;
};

std::map<std::string, Person, std::less<>> read_passwd(std::string_view text) {
  constexpr std::size_t kPasswdFields = 7;
  std::map<std::string, Person, std::less<>> people;
  while (!text.empty()) {
    const std::vector<std::string_view> fields = split(take_line(text), ':');
    if (fields.size() != kPasswdFields) continue;
    Person person{.number = number_of(fields[2]).value_or(0), .first_name = {}, .last_name = {}};
    split_name(fields[4].substr(0, fields[4].find(',')), person.first_name, person.last_name);
    people.insert_or_assign(std::string(fields[0]), std::move(person));
  }
  return people;
}

void take_password(ForeignUser& user, std::string_view field) {
  if (field.empty()) {
    user.why_refused = "the password is empty: the account is open to all who know its name";
    return;
  }
  const bool is_locked = field.starts_with('!');
  const std::size_t hash = field.find_first_not_of('!');
  if (hash == std::string_view::npos || field[hash] == '*') {
    user.why_skipped = "the account has no password";
    return;
  }
  user.hash = field.substr(hash);
  if (!is_locked) return;
  user.active = false;
  user.note = "disabled: the account is locked";
}

void take_expiry(ForeignUser& user, std::string_view field, WallTime now) {
  const std::optional<std::int64_t> day = number_of(field);
  if (!day || *day < 0 || *day > now.ms / kMillisecondsPerDay) return;
  user.active = false;
  user.note = "disabled: the account has expired";
}

void take_person(ForeignUser& user, const std::map<std::string, Person, std::less<>>& people,
                 bool system_users) {
  const auto found = people.find(user.name);
  if (found == people.end()) {
    user.why_skipped = "passwd has no such account";
    return;
  }
  const Person& person = found->second;
  if (!system_users && (person.number < kFirstPerson || person.number == kNobody)) {
    user.why_skipped = fmt::format(
        "the account has the number {}, as the system's own; --system-users takes it", person.number);
    return;
  }
  user.first_name = person.first_name;
  user.last_name = person.last_name;
}

}  // namespace

Users read_shadow(std::string_view text, const ReadOptions& options) {
  const auto people = read_passwd(options.passwd);
  std::vector<ForeignUser> users;
  for (std::size_t number = 1; !text.empty() && has_room(users.size()); ++number) {
    const std::string_view line = take_line(text);
    if (trimmed(line).empty()) continue;
    const std::vector<std::string_view> fields = split(line, ':');
    ForeignUser user;
    user.where = fmt::format("line {}", number);
    user.name = fields[0];
    if (fields.size() != kFields) {
      user.why_refused = fmt::format("the line has {} fields, and shadow(5) has {}", fields.size(), kFields);
    } else {
      take_password(user, fields[1]);
      take_expiry(user, fields[kExpiryField], options.now);
      if (!people.empty() && user.why_skipped.empty()) take_person(user, people, options.system_users);
    }
    users.push_back(std::move(user));
  }
  return users;
}

}  // namespace latchkey::migration
