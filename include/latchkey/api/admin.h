// Admin: what an administrator does to users and tokens, as requests and answers in JSON. The server serves
// it on the admin socket; the offline command runs the same object on the database itself, so that the two
// cannot drift. One object, one thread.
//
//   POST   /users                 {"name", "password", "superuser", "first_name", "last_name", "email"}
//   GET    /users?after=NAME      users in the order of their names, a page at a time
//   POST   /users/NAME/password   {"password"}; ends the user's tokens, unlocks the name
//   POST   /users/NAME/unlock     for a window counts what fails in the name by name and address alone
//   POST   /users/NAME/disable    ends the user's tokens
//   POST   /users/NAME/enable
//   DELETE /users/NAME            ends the user's tokens
//   GET    /tokens/NAME           the user's tokens, oldest first, without what would open anything
//   DELETE /tokens/NAME           ends the user's tokens
//
// In the place of "password" may stand "password_hash", one of another program (hash_scheme.h), which is kept
// as it is until the user logs in. NAME is percent-encoded. Every change is durable when it is answered, and
// may be asked for again. What gives access (a user, a password) is done where the log has room to tell of
// it, and is 503 where it has none; what takes access away is done all the same.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/admin_json.h"
#include "latchkey/base/clock.h"
#include "latchkey/base/log.h"
#include "latchkey/base/result.h"
#include "latchkey/base/secret.h"
#include "latchkey/credential/hash_client.h"
#include "latchkey/credential/sqlite_directory.h"
#include "latchkey/credential/throttle.h"
#include "latchkey/runtime/task.h"
#include "latchkey/store/store.h"

namespace latchkey::api {

/// Users in one answer to GET /users.
inline constexpr std::size_t kUsersPerPage = 500;
/// Tokens in the answer to GET /tokens/NAME.
inline constexpr std::size_t kMaxListedTokens = 1000;

struct AdminRequest {
  std::string method;
  std::string path;  ///< with its query
  SecretText body;   ///< may hold a password
  /// Room in the log for the line on what is done, where somebody has waited for it.
  std::optional<LogRoom> room = std::nullopt;
};

struct AdminReply {
  int status = 200;
  std::string json;  ///< `{"detail": "..."}` where the status is not 2xx
};

/// Ends all of a user's tokens, wherever they live. Gives how many; durable when it ends without an error.
class SessionEnder {
 public:
  virtual ~SessionEnder() = default;
  virtual runtime::Task<Result<std::size_t>> end_all(std::int64_t user_id, store::Death reason) = 0;
};

/// What Admin works with; all of it outlives it.
struct AdminServices {
  credential::SqliteDirectory& directory;
  credential::HashClient& hasher;
  store::Store& store;
  SessionEnder& sessions;
  const Clock& clock;
  Log& log;
  /// The server's, or the last recorded one; 0 where none is known: then no token is left out as timed out.
  std::chrono::milliseconds token_timeout{0};
  /// Null where no server runs: then there are no failures that anybody remembers.
  credential::Throttle* throttle = nullptr;
};

/// What came of unlocking a name.
struct Unlocking {
  std::string why_not{};     ///< empty where it is unlocked
  std::int64_t seconds = 0;  ///< for so long
  std::size_t guesses_by_address = 0;
};

class Admin {
 public:
  explicit Admin(const AdminServices& services) noexcept : services_(services) {}

  runtime::Task<AdminReply> handle(AdminRequest request);

 private:
  runtime::Task<Result<AdminReply>> answer(AdminRequest request);
  runtime::Task<Result<AdminReply>> add_user(SecretText body, LogRoom room);
  runtime::Task<Result<AdminReply>> list_users(std::string after);
  runtime::Task<Result<AdminReply>> set_password(credential::User user, SecretText body, LogRoom room);
  runtime::Task<Result<AdminReply>> set_active(credential::User user, bool active, LogRoom room);
  runtime::Task<Result<AdminReply>> remove_user(credential::User user, LogRoom room);
  runtime::Task<Result<AdminReply>> list_tokens(credential::User user);
  Result<AdminReply> unlock(const credential::User& user, LogRoom room);
  /// Errors: kOverloaded, there is no room for another unlocked name.
  Result<Unlocking> unlock_name(const credential::User& user, LogRoom room);
  /// Ends the user's tokens and answers with how many, and with what came of an unlocking; `done` says what
  /// has happened already if that fails.
  runtime::Task<Result<AdminReply>> end_tokens(credential::User user, store::Death reason,
                                               std::string_view done,
                                               std::optional<Unlocking> unlocking = {});
  runtime::Task<Result<AdminReply>> act_on_user(std::string method, std::string name, std::string act,
                                                SecretText body, LogRoom room);
  runtime::Task<Result<AdminReply>> act_on_tokens(std::string method, std::string name, LogRoom room);
  runtime::Task<Result<credential::User>> find_user(std::string name);
  /// The hash to store: the one that was given, if it can be verified here, or a new one of the password.
  runtime::Task<Result<std::string>> hash_of(AdminBody body);

  AdminServices services_;
};

}  // namespace latchkey::api
