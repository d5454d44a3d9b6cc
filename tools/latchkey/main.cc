// latchkey: the administrator's command. It reads the arguments and the password, has a Backend carry out the
// request, and prints. Exit status: 0 done, 1 refused (standard error says what to do), 2 wrong usage.

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

#include "backend.h"
#include "command_line/describe.h"
#include "key.h"
#include "latchkey/base/json_text.h"
#include "latchkey/base/percent.h"
#include "latchkey/base/printable.h"
#include "latchkey/base/utf8.h"
#include "latchkey/store/data_directory.h"
#include "output.h"
#include "password.h"
#include "user_words.h"

namespace latchkey::command {

namespace {

constexpr int kExitDone = 0;
constexpr int kExitRefused = 1;
constexpr int kExitUsage = 2;

constexpr std::size_t kMaxPages = 100'000;

/// The argument that names a user.
constexpr const char* kUserPlace = "NAME";

/// What the unit of systemd serves, and where it has the admin socket: outside the data, which the group that
/// may administer cannot search.
constexpr std::string_view kDataOfUnit = "/var/lib/latchkey";
constexpr std::string_view kSocketOfUnit = "/run/latchkey/admin.sock";

struct Arguments {
  std::string data{kDataOfUnit};
  std::string socket;
  std::string key_file;
  std::string user;
  bool create = false;
  bool json = false;
  bool password_stdin = false;
  bool password_hash_stdin = false;
  bool superuser = false;
  std::optional<std::string> first_name;
  std::optional<std::string> last_name;
  std::optional<std::string> email;
  std::vector<std::string> groups;
};

int refuse(std::string_view text) {
  fmt::print(stderr, "latchkey: {}\n", text);
  return kExitRefused;
}

/// JSON carries only UTF-8: any other text would arrive changed, and nobody could log in with it.
Result<void> check_encoding(const Arguments& arguments) {
  std::vector<std::string> texts = arguments.groups;
  texts.push_back(arguments.user);
  for (const auto* const detail : {&arguments.first_name, &arguments.last_name, &arguments.email}) {
    texts.push_back(detail->value_or(""));
  }
  if (std::all_of(texts.begin(), texts.end(), [](const std::string& text) { return is_utf8(text); }))
    return {};
  return failure(ErrorCode::kInvalid,
                 "an argument is not valid UTF-8: see the terminal's encoding and `locale`");
}

/// The password, or the hash given in its place.
Result<SecretText> password_of(const Arguments& arguments) {
  const bool is_piped = arguments.password_stdin || arguments.password_hash_stdin;
  Result<SecretText> password = is_piped ? read_password_from_stdin() : ask_for_password(arguments.user);
  if (password && !is_utf8(password->view())) {
    return failure(ErrorCode::kInvalid,
                   "the password is not valid UTF-8: see the terminal's encoding and `locale`");
  }
  return password;
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

std::filesystem::path socket_of(const std::filesystem::path& data) {
  std::error_code ignored;
  if (whole_path(data) == kDataOfUnit && std::filesystem::exists(kSocketOfUnit, ignored))
    return kSocketOfUnit;
  return store::DataDirectory::admin_socket_path(data);
}

BackendOptions options_of(const Arguments& arguments) {
  const std::filesystem::path data(arguments.data);
  const auto or_else = [](const std::string& given, std::filesystem::path derived) {
    return given.empty() ? std::move(derived) : std::filesystem::path(given);
  };
  return {.data = data,
          .socket = or_else(arguments.socket, socket_of(data)),
          .key_file = or_else(arguments.key_file, store::DataDirectory::key_path(data)),
          .may_create = arguments.create};
}

Result<std::unique_ptr<Backend>> backend_for(const Arguments& arguments) {
  return open_backend(options_of(arguments));
}

/// Turns a reply's JSON and the place where the command acted into text for people.
using ReplyText = std::function<std::string(std::string_view json, const std::string& place)>;

/// Sends one request and prints the reply's JSON, or what `text` makes of it.
int act(const Arguments& arguments, api::AdminRequest request, const ReplyText& text) {
  Result<std::unique_ptr<Backend>> backend = backend_for(arguments);
  if (!backend) return refuse(backend.error().text);
  const Result<api::AdminReply> reply = (*backend)->act(std::move(request));
  if (!reply) return refuse(reply.error().text);
  if (reply->status / 100 != 2) return refuse(refusal_text(reply->json));
  fmt::print("{}{}", arguments.json ? reply->json : text(reply->json, (*backend)->place()),
             arguments.json ? "\n" : "");
  return kExitDone;
}

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
  return act(arguments,
             {"POST", "/users/" + percent_encode_component(arguments.user) + "/password",
              body_with(arguments, *password, "")},
             [&](std::string_view json, const std::string& place) {
               return fmt::format("set the password of {} {}{}\n{}", printable(arguments.user), place,
                                  ended_text(json), unlocked_text(json));
             });
}

int unlock_user(const Arguments& arguments) {
  return act(arguments,
             {"POST", "/users/" + percent_encode_component(arguments.user) + "/unlock", SecretText()},
             [&](std::string_view json, const std::string& place) {
               return fmt::format("{} {}: {}", printable(arguments.user), place, unlocked_text(json));
             });
}

int change_user(const Arguments& arguments, std::string method, std::string_view act_path,
                std::string_view done) {
  return act(arguments,
             {std::move(method),
              fmt::format("/users/{}{}", percent_encode_component(arguments.user), act_path), SecretText()},
             [&](std::string_view json, const std::string& place) {
               return fmt::format("{} {} {}{}\n", done, printable(arguments.user), place, ended_text(json));
             });
}

int set_details(const Arguments& arguments) {
  std::string members = members_of_details(arguments);
  if (members.empty()) return refuse("give --first-name, --last-name or --email, and the new text");
  members.front() = '{';
  return act(
      arguments,
      {"POST", "/users/" + percent_encode_component(arguments.user) + "/details", SecretText(members + "}")},
      [&](std::string_view, const std::string& place) {
        return fmt::format("set the details of {} {}\n", printable(arguments.user), place);
      });
}

/// `list` says what becomes of the given groups: "add" or "remove".
int change_groups(const Arguments& arguments, std::string_view list) {
  const std::string body = fmt::format("{{\"{}\":{}}}", list, json_list(arguments.groups));
  return act(arguments,
             {"POST", "/users/" + percent_encode_component(arguments.user) + "/groups", SecretText(body)},
             [&](std::string_view json, const std::string& place) {
               return fmt::format("{} {}: {}\n", printable(arguments.user), place, groups_text(json));
             });
}

int list_users(const Arguments& arguments) {
  Result<std::unique_ptr<Backend>> backend = backend_for(arguments);
  if (!backend) return refuse(backend.error().text);
  std::vector<std::string> users;
  std::string after;
  for (std::size_t pages = 0; pages < kMaxPages; ++pages) {
    const Result<api::AdminReply> reply =
        (*backend)->act({"GET", "/users?after=" + percent_encode_component(after), SecretText()});
    if (!reply) return refuse(reply.error().text);
    if (reply->status != 200) return refuse(refusal_text(reply->json));
    UserPage page = read_user_page(reply->json);
    std::move(page.users.begin(), page.users.end(), std::back_inserter(users));
    if (page.next.empty()) break;
    after = std::move(page.next);
  }
  fmt::print("{}", arguments.json ? users_json(users) + "\n" : users_table(users));
  return kExitDone;
}

int list_tokens(const Arguments& arguments) {
  return act(arguments, {"GET", "/tokens/" + percent_encode_component(arguments.user), SecretText()},
             [](std::string_view json, const std::string&) { return tokens_table(json); });
}

int revoke_tokens(const Arguments& arguments) {
  return act(arguments, {"DELETE", "/tokens/" + percent_encode_component(arguments.user), SecretText()},
             [&](std::string_view json, const std::string& place) {
               return fmt::format("logged {} out {}{}\n", printable(arguments.user), place, ended_text(json));
             });
}

int renew_key_file(const Arguments& arguments) {
  const BackendOptions options = options_of(arguments);
  const Result<token::KeyRenewal> done = renew_key(options);
  if (!done) return refuse(done.error().text);
  fmt::print("{}", arguments.json ? renewal_json(*done, options) : renewal_text(*done, options));
  return kExitDone;
}

/// The arguments with the data directory and the socket of a command line that is still being typed.
Arguments with_place(Arguments arguments, int argc, char** argv) {
  for (const auto& [name, variable, member] :
       {std::tuple("--data", "LATCHKEY_DATA", &Arguments::data),
        std::tuple("--admin-socket", "LATCHKEY_ADMIN_SOCKET", &Arguments::socket)}) {
    if (const char* const set = std::getenv(variable)) arguments.*member = set;
    for (int i = 1; i + 1 < argc; ++i) {
      const std::string_view word = argv[i];
      if (word == name) arguments.*member = argv[i + 1];
      if (word.starts_with(name) && word.substr(std::strlen(name)).starts_with('='))
        arguments.*member = word.substr(std::strlen(name) + 1);
    }
  }
  return arguments;
}

/// The command line. The chosen leaf puts its action into `chosen_`.
class CommandLine {
 public:
  explicit CommandLine(Arguments& arguments) : arguments_(arguments) {
    app_.set_version_flag("--version", "latchkey " LATCHKEY_VERSION);
    app_.add_option("--data", arguments_.data, "the server's data directory")
        ->envname("LATCHKEY_DATA")
        ->type_name("DIR")
        ->capture_default_str();
    app_.add_option(
            "--admin-socket", arguments_.socket,
            "the server's admin socket (default DIR/admin.sock; of the unit's server /run/latchkey/admin.sock)")
        ->envname("LATCHKEY_ADMIN_SOCKET")
        ->type_name("FILE");
    app_.require_subcommand(1);
    add_user_commands();
    add_token_commands();
    add_key_commands();
  }

  CLI::App& app() noexcept { return app_; }
  /// What a shell, or the manual page, wants to know of the command line. False if neither asked.
  bool answer(int argc, char** argv) const {
    return command_line::answer(app_, argc, argv, std::cout, [&](const CLI::Option& of) {
      if (of.get_name(true) != kUserPlace) return std::vector<command_line::Candidate>();
      return user_words(options_of(with_place(arguments_, argc, argv)));
    });
  }
  int run() const { return chosen_(arguments_); }

 private:
  CLI::App* leaf(CLI::App& parent, const char* name, const char* help,
                 std::function<int(const Arguments&)> act) {
    CLI::App* const made = parent.add_subcommand(name, help);
    made->add_flag("--json", arguments_.json, "print JSON");
    made->callback([this, act = std::move(act)] { chosen_ = act; });
    return made;
  }
  CLI::App* leaf_of_user(CLI::App& parent, const char* name, const char* help,
                         std::function<int(const Arguments&)> act) {
    CLI::App* const made = leaf(parent, name, help, std::move(act));
    made->add_option(kUserPlace, arguments_.user, "the user's name")->required();
    return made;
  }
  void take_password(CLI::App& of) {
    CLI::Option* const password =
        of.add_flag("--password-stdin", arguments_.password_stdin,
                    "read the password from standard input, up to its end; one line end there is dropped");
    of.add_flag("--password-hash-stdin", arguments_.password_hash_stdin,
                "read the password's hash so, as another program stored it; the next login replaces it")
        ->excludes(password);
  }

  void take_details(CLI::App& of) {
    of.add_option("--first-name", arguments_.first_name, "shown in /api/v2/me/, told to applications")
        ->type_name("TEXT");
    of.add_option("--last-name", arguments_.last_name, "likewise")->type_name("TEXT");
    of.add_option("--email", arguments_.email, "likewise")->type_name("TEXT");
  }
  void take_groups(CLI::App& of) {
    of.add_option("GROUP", arguments_.groups, "a group's name, without a comma")->required();
  }

  void add_user_commands() {
    CLI::App& users = *app_.add_subcommand("user", "users")->require_subcommand(1);
    CLI::App& add = *leaf_of_user(users, "add", "add a user; asks for the password twice", add_user);
    take_password(add);
    add.add_flag("--create", arguments_.create,
                 "make the data directory (not those above it) and its database where they are missing");
    add.add_flag("--superuser", arguments_.superuser, "say so in /api/v2/me/");
    take_details(add);
    add.add_option("--group", arguments_.groups, "a group to put the user into; may be repeated")
        ->allow_extra_args(false)
        ->type_name("GROUP");
    take_password(*leaf_of_user(users, "passwd", "set a password; ends the user's tokens", set_password));
    leaf_of_user(
        users, "unlock",
        "let a user in whom others' failed logins lock out: for a while failures in the name count by "
        "address alone",
        unlock_user);
    leaf_of_user(users, "disable", "let a user log in no longer; ends the user's tokens",
                 [](const Arguments& given) { return change_user(given, "POST", "/disable", "disabled"); });
    leaf_of_user(users, "enable", "let a disabled user log in again",
                 [](const Arguments& given) { return change_user(given, "POST", "/enable", "enabled"); });
    leaf_of_user(users, "delete", "delete a user; ends the user's tokens",
                 [](const Arguments& given) { return change_user(given, "DELETE", "", "deleted"); });
    take_details(
        *leaf_of_user(users, "set", "set names and e-mail address; an empty text clears one", set_details));
    leaf(users, "list", "list all users", list_users);
    add_group_commands(users);
  }

  void add_group_commands(CLI::App& users) {
    CLI::App& groups = *users.add_subcommand("group", "the groups of a user")->require_subcommand(1);
    take_groups(*leaf_of_user(groups, "add", "put a user into groups; holds at once",
                              [](const Arguments& given) { return change_groups(given, "add"); }));
    take_groups(*leaf_of_user(groups, "remove", "take a user out of groups; holds at once",
                              [](const Arguments& given) { return change_groups(given, "remove"); }));
  }

  void add_token_commands() {
    CLI::App& tokens = *app_.add_subcommand("token", "tokens")->require_subcommand(1);
    leaf_of_user(tokens, "list", "list a user's tokens, without what would let anybody in", list_tokens);
    leaf_of_user(tokens, "revoke", "end all of a user's tokens", revoke_tokens);
  }

  void add_key_commands() {
    CLI::App& keys = *app_.add_subcommand("key", "the key file")->require_subcommand(1);
    CLI::App& renew = *leaf(
        keys, "renew",
        "make a new key where the old one is lost or known to others; ends all sessions, keeps the users; "
        "while no server runs",
        renew_key_file);
    renew.add_option("--key-file", arguments_.key_file, "the key file (default DIR/latchkey.key)")
        ->envname("LATCHKEY_KEY_FILE")
        ->type_name("FILE");
  }

  Arguments& arguments_;
  CLI::App app_{"Manages Latchkey's users and tokens, through the running server where there is one.",
                "latchkey"};
  std::function<int(const Arguments&)> chosen_;
};

}  // namespace

int run(int argc, char** argv) {
  // Files belong to their owner alone, whatever mask the parent process has set.
  ::umask(077);
  // If a file may not grow, one write fails. Other signals keep their default: a write to a pipe without a
  // reader ends the command, as `latchkey user list | head` expects.
  ::signal(SIGXFSZ, SIG_IGN);
  // A core dump would hold the password.
  ::prctl(PR_SET_DUMPABLE, 0);
  Arguments arguments;
  CommandLine command_line(arguments);
  if (command_line.answer(argc, argv)) return kExitDone;
  try {
    command_line.app().parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return command_line.app().exit(error) == 0 ? kExitDone : kExitUsage;
  }
  if (const Result<void> good = check_encoding(arguments); !good) return refuse(good.error().text);
  return command_line.run();
}

}  // namespace latchkey::command

int main(int argc, char** argv) { return latchkey::command::run(argc, argv); }
