// The command's arguments as they were given, and what every action does with them: it finds the backend,
// sends one request, prints the reply.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend.h"
#include "latchkey/api/admin.h"
#include "latchkey/base/result.h"

namespace latchkey::command {

// The exit statuses. The comment above each is what the manual page and docs/reference say of it.

/// Done.
inline constexpr int kExitDone = 0;
/// Refused; standard error says why, and what to do.
inline constexpr int kExitRefused = 1;
/// Wrong usage.
inline constexpr int kExitUsage = 2;
/// Done in part: `user import` refused a user, `user export` left one out, `key rotate` could not write the
/// key file and printed the new one, `reload` left something for the next start, or `backup` wrote a whole
/// backup and could not note when.
inline constexpr int kExitInPart = 3;

/// What the unit of systemd serves, and where it has the admin socket: outside the data, which the group that
/// may administer cannot search.
inline constexpr std::string_view kDataOfUnit = "/var/lib/latchkey";
inline constexpr std::string_view kSocketOfUnit = "/run/latchkey/admin.sock";

struct Arguments {
  std::string data{kDataOfUnit};
  std::string socket;
  std::string settings_file = "/etc/latchkey/latchkeyd.toml";  ///< the one that the unit of systemd names
  std::string key_file;
  std::string user;
  std::string new_name;
  bool create = false;
  bool json = false;
  bool all = false;
  bool password_stdin = false;
  bool password_hash_stdin = false;
  bool superuser = false;
  std::optional<std::string> first_name;
  std::optional<std::string> last_name;
  std::optional<std::string> email;
  std::vector<std::string> groups;

  // Of `user import` and `user export`.
  std::string file;
  std::string source;
  std::string table = "auth_user";
  std::string passwd;
  std::string format = "jsonl";
  bool dry_run = false;
  bool update = false;
  bool only_active = false;
  bool system_users = false;
  bool with_hashes = false;

  // Of `backup` and `restore`.
  std::optional<std::size_t> keep;
  bool keep_tokens = false;
  bool replace = false;
};

/// Prints the sentence on standard error, and returns the exit status.
int refuse(std::string_view text);

/// JSON carries only UTF-8: any other text would arrive changed, and nobody could log in with it.
Result<void> check_encoding(const Arguments& arguments);

BackendOptions options_of(const Arguments& arguments);
Result<std::unique_ptr<Backend>> backend_for(const Arguments& arguments);

/// `/users/NAME` and what follows.
std::string path_of_user(const Arguments& arguments, std::string_view act = {});

/// Turns a reply's JSON and the place where the command acted into text for people.
using ReplyText = std::function<std::string(std::string_view json, const std::string& place)>;

/// Sends one request and prints the reply's JSON, or what `text` makes of it.
int act(const Arguments& arguments, api::AdminRequest request, const ReplyText& text);

/// The reply's JSON.
/// Errors: also a refusal, with its text.
Result<std::string> ask(Backend& backend, api::AdminRequest request);

/// Asks for page after page of `path`, with `after=` what the last one names as the next. Returns `member` of
/// each, its elements verbatim.
Result<std::vector<std::string>> ask_for_pages(Backend& backend, std::string_view path,
                                               std::string_view member);

}  // namespace latchkey::command
