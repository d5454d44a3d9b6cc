#include "users.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "latchkey/base/json_text.h"
#include "latchkey/base/printable.h"
#include "latchkey/base/utf8.h"
#include "output.h"
#include "password.h"

namespace latchkey::command {

namespace {

/// The password, or the hash to store in its place.
Result<SecretText> password_of(const Arguments& arguments) {
  Result<SecretText> given = arguments.password_hash_stdin ? read_hash_from_stdin(arguments.user)
                             : arguments.password_stdin    ? read_password_from_stdin()
                                                           : ask_for_password(arguments.user);
  if (given && !is_utf8(given->view())) {
    return failure(ErrorCode::kInvalid,
                   arguments.password_hash_stdin
                       ? "the hash is not valid UTF-8, which Latchkey cannot store: set a password"
                       : "the password is not valid UTF-8: see the terminal's encoding and `locale`");
  }
  return given;
}

/// The body of a request that sets a password or its hash, built in one piece of memory that is wiped.
SecretText body_with(const Arguments& arguments, const SecretText& password, std::string_view other_members) {
  constexpr std::size_t kLongestEscape = 6;
  std::string json;
  json.reserve(other_members.size() + password.view().size() * kLongestEscape + 32);
  json += arguments.password_hash_stdin ? "{\"password_hash\":" : "{\"password\":";
  append_json_string(json, password.view());
  json += other_members;
  json.push_back('}');
  SecretText body(json);
  wipe(json.data(), json.size());
  return body;
}

/// The details that are given, each behind a comma.
std::string members_of_details(const Arguments& arguments) {
  std::string json;
  for (const auto& [name, detail] :
       {std::pair("first_name", &arguments.first_name), std::pair("last_name", &arguments.last_name),
        std::pair("email", &arguments.email)}) {
    if (!*detail) continue;
    json += fmt::format(",\"{}\":", name);
    append_json_string(json, **detail);
  }
  return json;
}

std::string json_list(const std::vector<std::string>& texts) {
  std::string json = "[";
  for (const std::string& text : texts) {
    if (json.size() > 1) json.push_back(',');
    append_json_string(json, text);
  }
  return json + "]";
}

std::string members_of_new_user(const Arguments& arguments) {
  std::string json = ",\"name\":";
  append_json_string(json, arguments.user);
  json += members_of_details(arguments);
  json += ",\"groups\":" + json_list(arguments.groups);
  json += arguments.superuser ? ",\"superuser\":true" : ",\"superuser\":false";
  return json;
}

}  // namespace

int add_user(const Arguments& arguments) {
  const Result<SecretText> password = password_of(arguments);
  if (!password) return refuse(password.error().text);
  return act(arguments, {"POST", "/users", body_with(arguments, *password, members_of_new_user(arguments))},
             [&](std::string_view, const std::string& place) {
               return fmt::format("added {} {}\n", printable(arguments.user), place);
             });
}

int set_password(const Arguments& arguments) {
  const Result<SecretText> password = password_of(arguments);
  if (!password) return refuse(password.error().text);
  return act(arguments, {"POST", path_of_user(arguments, "/password"), body_with(arguments, *password, "")},
             [&](std::string_view json, const std::string& place) {
               return fmt::format("set the password of {} {}{}\n{}", printable(arguments.user), place,
                                  ended_text(json), unlocked_text(json));
             });
}

int unlock_user(const Arguments& arguments) {
  return act(arguments, {"POST", path_of_user(arguments, "/unlock"), SecretText()},
             [&](std::string_view json, const std::string& place) {
               return fmt::format("{} {}: {}", printable(arguments.user), place, unlocked_text(json));
             });
}

int change_user(const Arguments& arguments, std::string method, std::string_view act_path,
                std::string_view done) {
  return act(arguments, {std::move(method), path_of_user(arguments, act_path), SecretText()},
             [&](std::string_view json, const std::string& place) {
               return fmt::format("{} {} {}{}\n", done, printable(arguments.user), place, ended_text(json));
             });
}

int set_details(const Arguments& arguments) {
  std::string members = members_of_details(arguments);
  if (members.empty()) return refuse("give --first-name, --last-name or --email, and the new text");
  members.front() = '{';
  return act(arguments, {"POST", path_of_user(arguments, "/details"), SecretText(members + "}")},
             [&](std::string_view, const std::string& place) {
               return fmt::format("set the details of {} {}\n", printable(arguments.user), place);
             });
}

int change_groups(const Arguments& arguments, std::string_view list) {
  const std::string body = fmt::format("{{\"{}\":{}}}", list, json_list(arguments.groups));
  return act(arguments, {"POST", path_of_user(arguments, "/groups"), SecretText(body)},
             [&](std::string_view json, const std::string& place) {
               return fmt::format("{} {}: {}\n", printable(arguments.user), place, groups_text(json));
             });
}

int rename_user(const Arguments& arguments) {
  std::string body = "{\"name\":";
  append_json_string(body, arguments.new_name);
  body += '}';
  return act(arguments, {"POST", path_of_user(arguments, "/rename"), SecretText(body)},
             [&](std::string_view json, const std::string& place) {
               return fmt::format("renamed {} to {} {}{}\n", printable(arguments.user),
                                  printable(arguments.new_name), place, ended_text(json));
             });
}

int show_user(const Arguments& arguments) {
  return act(arguments, {"GET", path_of_user(arguments), SecretText()},
             [](std::string_view json, const std::string&) { return user_lines(json); });
}

int list_users(const Arguments& arguments) {
  Result<std::unique_ptr<Backend>> backend = backend_for(arguments);
  if (!backend) return refuse(backend.error().text);
  const Result<std::vector<std::string>> users = ask_for_pages(**backend, "/users", "users");
  if (!users) return refuse(users.error().text);
  fmt::print("{}", arguments.json ? users_json(*users) + "\n" : users_table(*users));
  return kExitDone;
}

}  // namespace latchkey::command
