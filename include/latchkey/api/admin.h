// Admin: what an administrator does to users and tokens, as requests and answers in JSON. The server serves
// it on the admin socket. The offline command runs the same object on the database itself, so the two cannot
// drift apart.
// Thread: one, the same for all calls of an object.
//
//   POST   /users                 {"name", "password", "superuser", "first_name", "last_name", "email",
//                                 "groups"}
//   GET    /users?after=NAME      one page of users, ordered by name
//   GET    /users/NAME            the user, the kind of the password's hash, and how many tokens live
//   POST   /users/NAME/rename     {"name"}; ends the user's tokens, forgets known addresses
//   POST   /users/NAME/password   {"password"}; ends the user's tokens, unlocks the name
//   POST   /users/NAME/unlock     for one window, counts the name's failures at each address alone
//   POST   /users/NAME/disable    ends the user's tokens
//   POST   /users/NAME/enable
//   POST   /users/NAME/groups     {"add", "remove"}: lists of names; what is in both is taken away
//   POST   /users/NAME/details    {"first_name", "last_name", "email"}; what is not given stays
//   DELETE /users/NAME            ends the user's tokens
//   GET    /tokens/NAME           the user's tokens, oldest first, without anything that would grant access
//   DELETE /tokens/NAME           ends the user's tokens
//   GET    /tokens?after=ROW      one page of all tokens, in the order of their rows
//   DELETE /tokens?after=ID       ends the tokens of one page of all users who have any
//   GET    /key                   the key's file, its fingerprint, and the number that new tokens carry
//   POST   /key                   {"fingerprint", "signing"}: from now on new tokens carry this number
//   GET    /export?after=NAME     as GET /users, with the passwords' hashes
//   POST   /import/users          {"users"}: adds to the import of this connection
//   POST   /import/commit         {"update", "dry_run"}: does it, in one transaction
//   GET    /import/outcomes?after=N
//                                 one page of what became of each, in their order
//   POST   /backup                begins a backup: the store makes a copy of its database
//   POST   /backup/copy           does some of it, and says how much is left
//   GET    /backup?after=OFFSET   bytes of the whole copy; none behind its end, which ends it
//   POST   /backup/done           what was made of a copy is whole and sound: records when
//
// "password_hash" may replace "password". It is a hash made by another program (hash_scheme.h), and is kept
// unchanged until the user logs in. NAME is percent-encoded. Every change is durable when it is answered, and
// repeating it is safe. What grants access (a user, a password, a group, the details by which applications
// may know a user) needs room in the log for its line; without room the answer is 503. What takes access away
// is done even without room.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/admin_json.h"
#include "api/backup_under_way.h"
#include "api/staged_import.h"
#include "latchkey/api/admin_routes.h"
#include "latchkey/api/api_metrics.h"
#include "latchkey/base/clock.h"
#include "latchkey/base/log.h"
#include "latchkey/base/result.h"
#include "latchkey/base/secret.h"
#include "latchkey/credential/hash_client.h"
#include "latchkey/credential/sqlite_directory.h"
#include "latchkey/credential/throttle.h"
#include "latchkey/runtime/task.h"
#include "latchkey/store/sqlite_store.h"
#include "latchkey/token/keyring.h"
#include "latchkey/token/profile.h"

namespace latchkey::api {

/// Users in one answer to GET /users.
inline constexpr std::size_t kUsersPerPage = 500;
/// Tokens in the answer to GET /tokens/NAME.
inline constexpr std::size_t kMaxListedTokens = 1000;

/// The field of a request in which the command says which user runs it. A claim, for the log alone.
inline constexpr std::string_view kClaimedUserField = "X-Claimed-Uid";

struct AdminRequest {
  std::string method;
  std::string path;  ///< with its query
  SecretText body;   ///< may hold a password
  /// Room in the log for the line about this request, if the caller has waited for it.
  std::optional<LogRoom> room = std::nullopt;
  /// The import of the connection that the request came by.
  /// Lifetime: outlives the request.
  StagedImport* staged = nullptr;
  /// Likewise the connection's backup.
  BackupUnderWay* backup = nullptr;
};

struct AdminReply {
  int status = 200;
  std::string json{};  ///< `{"detail": "..."}` where the status is not 2xx
  AdminAction action = AdminAction::kOther;
  bool is_bytes = false;  ///< `json` is a part of a backup
};

/// A user's tokens, in whichever shard they are.
class UserSessions {
 public:
  virtual ~UserSessions() = default;

  /// Ends all of them and returns how many. The end is durable unless it returns an error.
  virtual runtime::Task<Result<std::size_t>> end_all(std::int64_t user_id, store::Death reason) = 0;

  /// Gives them the profile of the user as the directory has it now, on every core.
  virtual runtime::Task<Result<bool>> set_profile(std::int64_t user_id, token::ProfileParts profile) = 0;
};

/// What Admin works with.
/// Lifetime: everything here outlives the Admin.
struct AdminServices {
  credential::SqliteDirectory& directory;
  credential::HashClient& hasher;
  store::SqliteStore& store;
  UserSessions& sessions;
  const Clock& clock;
  Log& log;
  /// The server's setting, or the last one recorded. 0 if unknown: then no token is left out as timed out.
  std::chrono::milliseconds token_timeout{0};
  /// Null if no server runs: then no failures are remembered.
  credential::Throttle* throttle = nullptr;
  /// Null if no server runs: then no key is in use.
  const token::Keyring* keyring = nullptr;
  std::string key_file{};
  ApiMetrics* metrics = nullptr;  ///< null if no server runs
};

/// What is to be done about one user's tokens.
struct TokenEffect {
  std::int64_t user_id = 0;
  std::optional<SessionEnd> end{};  ///< what all that end count as, if they do
  std::optional<token::ProfileParts> profile{};
};
/// The same for many users, while it is being done.
struct TokenEffects {
  std::vector<TokenEffect> users{};
  std::size_t next = 0;
  std::size_t ended = 0;
  std::optional<Error> error{};  ///< the first
};

/// A whole number; 0 for an empty text.
std::optional<std::int64_t> number_of(std::string_view text) noexcept;

/// The outcome of unlocking a name.
struct Unlocking {
  std::string why_not{};     ///< empty if the name was unlocked
  std::int64_t seconds = 0;  ///< how long it stays unlocked
  std::size_t guesses_by_address = 0;
};

class Admin {
 public:
  explicit Admin(const AdminServices& services) noexcept : services_(services) {}

  runtime::Task<AdminReply> handle(AdminRequest request);

  /// Ends the backup of a connection that is gone.
  runtime::Task<void> abandon_backup(BackupUnderWay backup);

 private:
  /// `name` and `after` are decoded.
  runtime::Task<Result<AdminReply>> answer(const AdminRoute& route, std::string name, std::string after,
                                           AdminRequest request);
  /// Of the actions whose path names a user.
  runtime::Task<Result<AdminReply>> act_on_user(AdminAction action, credential::User user, SecretText body,
                                                LogRoom room);
  AdminReply refuse_for_log();
  runtime::Task<Result<AdminReply>> add_user(SecretText body, LogRoom room);
  runtime::Task<Result<AdminReply>> list_users(std::string after);
  runtime::Task<Result<AdminReply>> set_password(credential::User user, SecretText body, LogRoom room);
  runtime::Task<Result<AdminReply>> set_active(credential::User user, bool active, LogRoom room);
  runtime::Task<Result<AdminReply>> change_groups(credential::User user, SecretText body, LogRoom room);
  runtime::Task<Result<AdminReply>> change_details(credential::User user, SecretText body, LogRoom room);
  /// Tells the cores of a change of groups or details that is written, and answers with the user.
  runtime::Task<Result<AdminReply>> tell_profile(credential::User user, std::string_view done);
  runtime::Task<Result<AdminReply>> remove_user(credential::User user, LogRoom room);
  runtime::Task<Result<AdminReply>> show_user(credential::User user);
  runtime::Task<Result<AdminReply>> rename_user(credential::User user, SecretText body, LogRoom room);
  runtime::Task<Result<AdminReply>> list_tokens(credential::User user);
  runtime::Task<Result<AdminReply>> list_all_tokens(std::string after);
  runtime::Task<Result<AdminReply>> end_all_tokens(std::string after, LogRoom room);
  void write_live(JsonWriter& json, const std::vector<store::Session>& sessions, bool with_user) const;
  /// Does what there is to do about tokens. `done` says what has already happened, for the text of an error.
  runtime::Task<Result<bool>> apply(TokenEffects& effects, std::string_view done);
  runtime::Task<void> apply_some(TokenEffects& effects);
  /// Ends all tokens of a user, and counts them.
  runtime::Task<Result<std::size_t>> end_all_of(std::int64_t user_id, SessionEnd end);
  Result<AdminReply> show_key() const;
  Result<AdminReply> rotate_key(std::string_view body, LogRoom room);

  /// The refusal step (C-14) before an import and after it.
  struct ImportSteps {
    std::int64_t before_ms = 0;
    std::int64_t after_ms = 0;
  };
  static Result<AdminReply> stage(std::string_view body, StagedImport& staged);
  runtime::Task<Result<ImportSteps>> measure_kinds(std::vector<std::string> hashes, bool dry_run);
  runtime::Task<Result<AdminReply>> import_staged(SecretText body, LogRoom room, StagedImport& staged);
  static Result<AdminReply> list_outcomes(const StagedImport& staged, std::string_view after);
  runtime::Task<Result<AdminReply>> export_users(std::string after, LogRoom room);
  runtime::Task<Result<AdminReply>> act_on_backup(AdminAction action, LogRoom room, BackupUnderWay& backup,
                                                  std::string after);
  runtime::Task<Result<AdminReply>> begin_backup(LogRoom room, BackupUnderWay& backup);
  runtime::Task<Result<AdminReply>> copy_for_backup(BackupUnderWay& backup);
  runtime::Task<Result<AdminReply>> read_backup(BackupUnderWay& backup, std::string after);
  runtime::Task<Result<AdminReply>> note_backup(LogRoom room);
  runtime::Task<Result<bool>> end_backup(BackupUnderWay& backup);
  Result<AdminReply> unlock(const credential::User& user, LogRoom room);
  /// Errors: kOverloaded when there is no room for another unlocked name.
  Result<Unlocking> unlock_name(const credential::User& user, LogRoom room);
  /// Ends the user's tokens and answers with their number and the outcome of an unlocking, if any. `end` is
  /// what they count as. `done` says what has already happened, for the text of an error.
  runtime::Task<Result<AdminReply>> end_tokens(credential::User user, SessionEnd end, std::string_view done,
                                               std::optional<Unlocking> unlocking = {});
  runtime::Task<Result<credential::User>> find_user(std::string name);
  /// The hash to store: the given one if it can be verified here, or a new hash of the password.
  runtime::Task<Result<std::string>> hash_of(AdminBody body);

  AdminServices services_;
};

}  // namespace latchkey::api
