// latchkey: the administrator's command. It reads the arguments and the password, has a Backend carry out the
// request, and prints. Exit status: 0 done, 1 refused (standard error says what to do), 2 wrong usage, 3 done
// in part.

#include <sys/prctl.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <iostream>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "arguments.h"
#include "backup.h"
#include "command_line/describe.h"
#include "export.h"
#include "import.h"
#include "key.h"
#include "reload.h"
#include "suggestion.h"
#include "tokens.h"
#include "user_words.h"
#include "users.h"

namespace latchkey::command {

namespace {

/// The argument that names a user.
constexpr const char* kUserPlace = "NAME";

/// The most that `backup --keep` keeps: a backup each hour for a year.
constexpr std::size_t kMostKept = 10'000;

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
    take_json(app_);
    // What stands above a command may stand behind it too.
    app_.fallthrough();
    add_user_commands();
    add_token_commands();
    add_key_commands();
    add_server_commands();
    add_backup_commands();
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
  void take_json(CLI::App& of) { of.add_flag("--json", arguments_.json, "print JSON"); }
  CLI::App& group(CLI::App& parent, const char* name, const char* help) {
    CLI::App& made = *parent.add_subcommand(name, help)->require_subcommand(1);
    take_json(made);
    return made;
  }
  CLI::App* leaf(CLI::App& parent, const char* name, const char* help,
                 std::function<int(const Arguments&)> act) {
    CLI::App* const made = parent.add_subcommand(name, help);
    take_json(*made);
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
    CLI::App& users = group(app_, "user", "users");
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
    leaf_of_user(users, "show",
                 "show a user: details, groups, the kind of the password's hash, how many tokens live",
                 show_user);
    leaf_of_user(
        users, "rename",
        "give a user another name; password and groups stay; ends the user's tokens, which carry the name, "
        "and forgets the addresses from which the user logged in; a site's list `users` keeps the old name",
        rename_user)
        ->add_option("NEW", arguments_.new_name, "the new name")
        ->required();
    add_group_commands(users);
    add_moving_commands(users);
  }

  void add_group_commands(CLI::App& users) {
    CLI::App& groups = group(users, "group", "the groups of a user");
    take_groups(*leaf_of_user(groups, "add", "put a user into groups; holds at once",
                              [](const Arguments& given) { return change_groups(given, "add"); }));
    take_groups(*leaf_of_user(groups, "remove", "take a user out of groups; holds at once",
                              [](const Arguments& given) { return change_groups(given, "remove"); }));
  }

  void add_moving_commands(CLI::App& users) {
    CLI::App& import =
        *leaf(users, "import",
              "take in another program's users, all in one transaction; says of each what was done, and "
              "exits with 3 if any was refused",
              import_users);
    import
        .add_option("--from", arguments_.source,
                    "what wrote the file: django, awx, htpasswd, shadow, authelia, ldif, keycloak, latchkey")
        ->type_name("SOURCE")
        ->required();
    import.add_option("FILE", arguments_.file, "the file; - is standard input")->required();
    import.add_flag("--dry-run", arguments_.dry_run, "say what would be done, and do nothing");
    import.add_flag(
        "--update", arguments_.update,
        "change users who are there to what the file says; another password ends a user's tokens");
    import.add_flag("--only-active", arguments_.only_active, "leave out users who are not active");
    import.add_option("--table", arguments_.table, "django: the table of the users in SQLite's file")
        ->type_name("NAME")
        ->capture_default_str();
    import
        .add_option("--passwd", arguments_.passwd,
                    "shadow: the passwd beside it, for numbers and people's names")
        ->type_name("FILE");
    import.add_flag("--system-users", arguments_.system_users, "shadow: also accounts numbered below 1000");
    import.add_flag("--create", arguments_.create,
                    "make the data directory (not those above it) and its database where they are missing");
    CLI::App& exported =
        *leaf(users, "export",
              "write all users; exits with 3 if any was left out; the file is made for its owner "
              "alone, and must not be there yet",
              export_users);
    exported.add_option("FILE", arguments_.file, "the file (default standard output)");
    exported
        .add_option("--format", arguments_.format,
                    "jsonl, which `user import --from latchkey` reads, or htpasswd")
        ->check(CLI::IsMember({"jsonl", "htpasswd"}))
        ->type_name("FORMAT")
        ->capture_default_str();
    exported.add_flag("--with-hashes", arguments_.with_hashes,
                      "with the passwords' hashes; never to a terminal");
  }

  void add_token_commands() {
    CLI::App& tokens = group(app_, "token", "tokens");
    CLI::App& list =
        *leaf(tokens, "list", "list a user's tokens, or all, without what would let anybody in", list_tokens);
    list.add_option(kUserPlace, arguments_.user, "the user's name; without it, all users' tokens");
    CLI::App& revoke = *leaf(tokens, "revoke", "end all tokens of a user, or of all users", revoke_tokens);
    CLI::Option* const name = revoke.add_option(kUserPlace, arguments_.user, "the user's name");
    revoke
        .add_flag("--all", arguments_.all,
                  "end the tokens of all users whose login was answered before this: for the day of a breach")
        ->excludes(name);
  }

  void add_key_commands() {
    CLI::App& keys = group(app_, "key", "the key file");
    CLI::App& renew = *leaf(
        keys, "renew",
        "make a new key where the old one is lost or known to others; ends all sessions, keeps the users; "
        "while no server runs",
        renew_key_file);
    CLI::App& rotate = *leaf(
        keys, "rotate",
        "sign new tokens with the next key of the same file; those that live go on until they end; also while a "
        "server runs; exits with 3 if the file cannot be written and the new one is on standard output",
        rotate_key_file);
    for (CLI::App* const of : {&renew, &rotate}) take_key_file(*of);
  }

  void add_backup_commands() {
    CLI::App& backup = *leaf(
        app_, "backup",
        "write a backup of the database, while a server runs or not, open it and check it; users, password hashes and "
        "sessions are in it, the key is not",
        make_backup);
    backup
        .add_option(
            "FILE", arguments_.file,
            "a new file, for its owner alone; or a directory that exists, for one with the time in its name")
        ->required();
    backup
        .add_option(
            "--keep", arguments_.keep,
            "of the directory's backups keep this many of the newest, and remove the rest once the new one is "
            "whole")
        ->type_name("N")
        ->check(CLI::Range(std::size_t{1}, kMostKept));
    CLI::App& restore = *leaf(
        app_, "restore",
        "put a backup in the database's place, while no server runs; all its tokens end: logged out since, they would "
        "live again",
        restore_backup);
    restore.add_option("FILE", arguments_.file, "the backup")->required();
    restore.add_flag("--keep-tokens", arguments_.keep_tokens,
                     "let the backup's tokens live on, those too that were ended after it");
    restore.add_flag("--replace", arguments_.replace, "where there is a database, move it aside");
    restore.add_flag("--create", arguments_.create,
                     "make the data directory (not those above it) where it is missing");
    CLI::App& check = *leaf(
        app_, "check",
        "check a backup, or the database of the data directory: that it is whole, of a version that this Latchkey "
        "opens, and whose key it needs; changes nothing, also beside a server",
        check_database);
    check.add_option("FILE", arguments_.file, "the backup (default DIR/latchkey.db)");
    for (CLI::App* const of : {&restore, &check}) take_key_file(*of);
  }
  void take_key_file(CLI::App& of) {
    of.add_option("--key-file", arguments_.key_file,
                  "the key file (default DIR/latchkey.key, or the server's)")
        ->envname("LATCHKEY_KEY_FILE")
        ->type_name("FILE");
  }

  void add_server_commands() {
    CLI::App& reload = *leaf(
        app_, "reload",
        "have the running server go by its changed settings file; exits with 3 if a part of it waits for a "
        "restart, with 1 if anything in it is wrong and nothing was changed",
        [](const Arguments& given) {
          return reload_server(options_of(given), given.settings_file, given.json);
        });
    reload.add_option("FILE", arguments_.settings_file, "the file that the server's --config names")
        ->envname("LATCHKEY_CONFIG")
        ->capture_default_str();
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
    if (const std::string meant = suggestion_for(command_line.app(), argc, argv);
        error.get_exit_code() != 0 && !meant.empty()) {
      refuse(meant);
      return kExitUsage;
    }
    return command_line.app().exit(error) == 0 ? kExitDone : kExitUsage;
  }
  if (const Result<void> good = check_encoding(arguments); !good) return refuse(good.error().text);
  return command_line.run();
}

}  // namespace latchkey::command

int main(int argc, char** argv) { return latchkey::command::run(argc, argv); }
