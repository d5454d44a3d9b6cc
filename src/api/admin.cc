#include "latchkey/api/admin.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "latchkey/api/admin_routes.h"
#include "latchkey/api/log_room.h"
#include "latchkey/api/profile_parts.h"
#include "latchkey/base/assert.h"
#include "latchkey/base/json_writer.h"
#include "latchkey/base/utf8.h"
#include "latchkey/http/percent.h"
#include "latchkey/runtime/await.h"

namespace latchkey::api {

using credential::User;
using runtime::Task;

namespace {

constexpr std::int64_t kMillisecondsPerSecond = 1000;

std::string decoded(std::string_view text) {
  std::string out(text.size(), '\0');
  out.resize(http::percent_decode(text, http::PlusSign::kLiteral, out));
  return out;
}

AdminReply refusal(int status, std::string_view text) {
  JsonWriter json;
  json.begin_object();
  json.member("detail", text);
  json.end();
  return {status, json.take()};
}

AdminReply refusal(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalid:
      return refusal(400, error.text);
    case ErrorCode::kNotFound:
      return refusal(404, error.text);
    case ErrorCode::kConflict:
      return refusal(409, error.text);
    case ErrorCode::kOverloaded:
    case ErrorCode::kUnavailable:
    case ErrorCode::kCancelled:
      return refusal(503, error.text);
    case ErrorCode::kFatal:
      break;
  }
  return refusal(500, error.text);
}

std::string joined(const std::vector<std::string>& groups) {
  return fmt::format("{}", fmt::join(groups, ","));
}

AdminReply no_such_request(bool is_resource) {
  return is_resource ? refusal(405, "the resource has no such method")
                     : refusal(404, "there is no such resource");
}

void write_unlocking(JsonWriter& json, const Unlocking& unlocking) {
  json.member("unlocked", unlocking.why_not.empty());
  if (unlocking.why_not.empty()) {
    json.member("seconds", unlocking.seconds);
    json.member("guesses_by_address", unlocking.guesses_by_address);
  } else {
    json.member("detail", unlocking.why_not);
  }
}

std::string user_json(const User& user) {
  JsonWriter json;
  json.begin_object();
  write_user_members(json, user);
  json.end();
  return json.take();
}

/// A password must be one that a login can send. C-15 refuses blank and overlong ones and NUL; JSON refuses
/// everything that is not UTF-8.
Result<void> check_new_password(const std::optional<SecretText>& password) {
  const auto wrong = [](std::string_view what) {
    return failure(ErrorCode::kInvalid, fmt::format("the password {}", what));
  };
  if (!password) return wrong("is missing");
  std::string_view text = password->view();
  if (text.empty()) return wrong("may not be empty");
  if (text.size() > credential::kMaxPasswordBytes) {
    return wrong(fmt::format("is over {} bytes", credential::kMaxPasswordBytes));
  }
  while (!text.empty()) {
    const Utf8Character character = first_utf8_character(text);
    if (character.bytes == 0) return wrong("is not valid UTF-8");
    if (character.code_point == 0) return wrong("has a NUL in it");
    text.remove_prefix(character.bytes);
  }
  return {};
}

}  // namespace

AdminReply Admin::refuse_for_log() {
  if (services_.metrics != nullptr) services_.metrics->no_log_room.add();
  return refusal(log_is_full());
}

Task<AdminReply> Admin::handle(AdminRequest request) {
  const AdminTarget target = admin_target(request.method, request.path);
  if (target.route == nullptr) co_return no_such_request(target.is_resource);
  const AdminAction action = target.route->action;
  LATCHKEY_AWAIT(Result<AdminReply> answered,
                 answer(*target.route, decoded(target.name), decoded(target.after), std::move(request)));
  AdminReply reply = answered ? std::move(*answered) : refusal(answered.error());
  reply.action = action;
  co_return reply;
}

Task<Result<AdminReply>> Admin::answer(const AdminRoute& route, std::string name, std::string after,
                                       AdminRequest request) {
  LogRoom room = request.room ? std::move(*request.room) : LogRoom::take(services_.log);
  if (route.line == LineInLog::kNeeded && !room.is_held()) co_return refuse_for_log();
  SecretText& body = request.body;
  switch (route.action) {
    case AdminAction::kUserList:
      LATCHKEY_CO_RETURN(list_users(std::move(after)));
    case AdminAction::kUserAdd:
      LATCHKEY_CO_RETURN(add_user(std::move(body), std::move(room)));
    case AdminAction::kUserExport:
      LATCHKEY_CO_RETURN(export_users(std::move(after), std::move(room)));
    case AdminAction::kImportStage:
      if (request.staged == nullptr) co_return no_such_request(false);
      co_return stage(body.view(), *request.staged);
    case AdminAction::kImportCommit:
      if (request.staged == nullptr) co_return no_such_request(false);
      LATCHKEY_CO_RETURN(import_staged(std::move(body), std::move(room), *request.staged));
    case AdminAction::kImportOutcomes:
      if (request.staged == nullptr) co_return no_such_request(false);
      co_return list_outcomes(*request.staged, after);
    case AdminAction::kTokenListAll:
      LATCHKEY_CO_RETURN(list_all_tokens(std::move(after)));
    case AdminAction::kTokenRevokeAll:
      LATCHKEY_CO_RETURN(end_all_tokens(std::move(after), std::move(room)));
    case AdminAction::kKeyShow:
      co_return show_key();
    case AdminAction::kKeyRotate:
      co_return rotate_key(body.view(), std::move(room));
    case AdminAction::kBackupBegin:
    case AdminAction::kBackupCopy:
    case AdminAction::kBackupRead:
    case AdminAction::kBackupDone:
      if (request.backup == nullptr) co_return no_such_request(false);
      LATCHKEY_CO_RETURN(act_on_backup(route.action, std::move(room), *request.backup, std::move(after)));
    case AdminAction::kReload:
      co_return no_such_request(false);
    default:
      break;
  }
  LATCHKEY_CO_TRY(User user, find_user(std::move(name)));
  LATCHKEY_CO_RETURN(act_on_user(route.action, std::move(user), std::move(body), std::move(room)));
}

Task<Result<AdminReply>> Admin::act_on_user(AdminAction action, User user, SecretText body, LogRoom room) {
  switch (action) {
    case AdminAction::kUserShow:
      LATCHKEY_CO_RETURN(show_user(std::move(user)));
    case AdminAction::kUserDelete:
      LATCHKEY_CO_RETURN(remove_user(std::move(user), std::move(room)));
    case AdminAction::kUserPassword:
      LATCHKEY_CO_RETURN(set_password(std::move(user), std::move(body), std::move(room)));
    case AdminAction::kUserUnlock:
      co_return unlock(user, std::move(room));
    case AdminAction::kUserDisable:
    case AdminAction::kUserEnable:
      LATCHKEY_CO_RETURN(set_active(std::move(user), action == AdminAction::kUserEnable, std::move(room)));
    case AdminAction::kUserGroups:
      LATCHKEY_CO_RETURN(change_groups(std::move(user), std::move(body), std::move(room)));
    case AdminAction::kUserDetails:
      LATCHKEY_CO_RETURN(change_details(std::move(user), std::move(body), std::move(room)));
    case AdminAction::kUserRename:
      LATCHKEY_CO_RETURN(rename_user(std::move(user), std::move(body), std::move(room)));
    case AdminAction::kTokenList:
      LATCHKEY_CO_RETURN(list_tokens(std::move(user)));
    default:
      LATCHKEY_ASSERT(action == AdminAction::kTokenRevoke);
  }
  LogEvent(std::move(room), LogLevel::kInfo, "admin.tokens_ended").text("user", user.name);
  LATCHKEY_CO_RETURN(end_tokens(std::move(user), SessionEnd::kAdmin, "nothing is lost"));
}

Task<Result<User>> Admin::find_user(std::string name) {
  LATCHKEY_CO_TRY(std::optional<User> found, services_.directory.find(name));
  if (!found) co_return failure(ErrorCode::kNotFound, fmt::format("there is no user named '{}'", name));
  co_return std::move(*found);
}

Task<Result<std::string>> Admin::hash_of(AdminBody body) {
  if (!body.password_hash) {
    LATCHKEY_CO_TRY_NOW(check_new_password(body.password));
    LATCHKEY_CO_RETURN(services_.hasher.make(std::move(*body.password)));
  }
  if (body.password) co_return failure(ErrorCode::kInvalid, "give a password or a password's hash, not both");
  // Measured before any user has it: from then on, a refused login takes as long (C-14).
  LATCHKEY_CO_TRY(services_.hasher.measure(*body.password_hash, services_.clock));
  co_return std::move(*body.password_hash);
}

Task<Result<AdminReply>> Admin::add_user(SecretText body, LogRoom room) {
  LATCHKEY_CO_TRY_NOW(AdminBody read, read_admin_body(body.view()));
  User user;
  user.name = read.name.value_or("");
  user.superuser = read.superuser.value_or(false);
  user.first_name = std::move(read.first_name).value_or("");
  user.last_name = std::move(read.last_name).value_or("");
  user.email = std::move(read.email).value_or("");
  user.groups = std::move(read.groups).value_or(std::vector<std::string>());
  user.created = services_.clock.wall();
  // Checked before the hash, so that a bad name is refused at once.
  LATCHKEY_CO_TRY_NOW(credential::check_new_user_name(user.name));
  LATCHKEY_CO_TRY_NOW(credential::check_profile(user));
  LATCHKEY_CO_TRY(user.password_hash, hash_of(std::move(read)));
  LATCHKEY_CO_TRY(const User added, services_.directory.add(std::move(user)));
  LogEvent(std::move(room), LogLevel::kInfo, "admin.user_added")
      .text("user", added.name)
      .text("groups", joined(added.groups));
  co_return AdminReply{201, user_json(added)};
}

Task<Result<AdminReply>> Admin::list_users(std::string after) {
  LATCHKEY_CO_TRY(const std::vector<User> users, services_.directory.list(std::move(after), kUsersPerPage));
  co_return AdminReply{200, users_page(users, kUsersPerPage, PasswordHashes::kLeftOut)};
}

Task<Result<AdminReply>> Admin::set_password(User user, SecretText body, LogRoom room) {
  LATCHKEY_CO_TRY_NOW(AdminBody read, read_admin_body(body.view()));
  LATCHKEY_CO_TRY(std::string hash, hash_of(std::move(read)));
  LATCHKEY_CO_TRY(services_.directory.set_password_hash(user.id, std::move(hash)));
  LogRoom of_unlocking = room.another();
  LogEvent(std::move(room), LogLevel::kInfo, "admin.password_set").text("user", user.name);
  // A user with a new password should not have to wait until others stop guessing at their name.
  std::optional<Unlocking> unlocking;
  if (services_.throttle != nullptr) {
    Result<Unlocking> done = unlock_name(user, std::move(of_unlocking));
    unlocking = done ? std::move(*done) : Unlocking{.why_not = std::move(done.error().text)};
  }
  // After the password: a login under way sees the new one, or its token is among those ended.
  LATCHKEY_CO_RETURN(
      end_tokens(std::move(user), SessionEnd::kPassword, "the password is set", std::move(unlocking)));
}

Result<Unlocking> Admin::unlock_name(const User& user, LogRoom room) {
  credential::Throttle* const throttle = services_.throttle;
  if (throttle == nullptr) {
    return Unlocking{.why_not =
                         "no server runs here, and failed logins are remembered by a running server alone: "
                         "there is nothing to unlock"};
  }
  if (!throttle->by_user().is_on())
    return Unlocking{.why_not = "the setting login_failures_by_user is 0: no name is ever locked"};
  const std::int64_t seconds = throttle->settings().window_ms / kMillisecondsPerSecond;
  if (!throttle->unlock(user.name, services_.clock.boot())) {
    return failure(
        ErrorCode::kOverloaded,
        fmt::format("'{}' is not unlocked: as many names are as there is room for; try again in {} "
                    "seconds",
                    user.name, seconds));
  }
  LogEvent(std::move(room), LogLevel::kInfo, "admin.user_unlocked")
      .field("seconds", seconds)
      .text("user", user.name);
  return Unlocking{
      .why_not = {}, .seconds = seconds, .guesses_by_address = throttle->settings().failures_by_user};
}

Result<AdminReply> Admin::unlock(const User& user, LogRoom room) {
  LATCHKEY_TRY(const Unlocking done, unlock_name(user, std::move(room)));
  JsonWriter json;
  json.begin_object();
  json.member("user", user.name);
  write_unlocking(json, done);
  json.end();
  return AdminReply{200, json.take()};
}

Task<Result<AdminReply>> Admin::set_active(User user, bool active, LogRoom room) {
  LATCHKEY_CO_TRY(services_.directory.set_active(user.id, active));
  user.active = active;
  LogEvent(std::move(room), LogLevel::kInfo, active ? "admin.user_enabled" : "admin.user_disabled")
      .text("user", user.name);
  if (active) {
    co_return AdminReply{200, user_json(user)};
  }
  LATCHKEY_CO_RETURN(end_tokens(std::move(user), SessionEnd::kDisabled, "the user is disabled"));
}

Task<Result<AdminReply>> Admin::change_groups(User user, SecretText body, LogRoom room) {
  LATCHKEY_CO_TRY_NOW(AdminBody read, read_admin_body(body.view()));
  if (read.add.empty() && read.remove.empty()) co_return failure(ErrorCode::kInvalid, "no group is given");
  // Taking a user out of a group takes access away.
  if (!read.add.empty() && !room.is_held()) co_return refuse_for_log();
  const std::string added = joined(read.add);
  const std::string removed = joined(read.remove);
  LATCHKEY_CO_TRY(User changed, services_.directory.change_groups(
                                    user.id, {.add = std::move(read.add), .remove = std::move(read.remove)}));
  LogEvent(std::move(room), LogLevel::kInfo, "admin.groups_changed")
      .text("user", changed.name)
      .text("added", added)
      .text("removed", removed)
      .text("groups", joined(changed.groups));
  LATCHKEY_CO_RETURN(tell_profile(std::move(changed), "the groups are changed"));
}

Task<Result<AdminReply>> Admin::change_details(User user, SecretText body, LogRoom room) {
  LATCHKEY_CO_TRY_NOW(AdminBody read, read_admin_body(body.view()));
  if (!read.first_name && !read.last_name && !read.email) {
    co_return failure(ErrorCode::kInvalid, "neither a first or last name nor an e-mail address is given");
  }
  LATCHKEY_CO_TRY(User changed,
                  services_.directory.change_details(user.id, {.first_name = std::move(read.first_name),
                                                               .last_name = std::move(read.last_name),
                                                               .email = std::move(read.email)}));
  LogEvent(std::move(room), LogLevel::kInfo, "admin.details_changed").text("user", changed.name);
  LATCHKEY_CO_RETURN(tell_profile(std::move(changed), "the details are changed"));
}

// Also if nothing was different: an earlier request may have written the change and then failed here.
Task<Result<AdminReply>> Admin::tell_profile(User user, std::string_view done) {
  LATCHKEY_AWAIT(const Result<bool> told, services_.sessions.set_profile(user.id, profile_parts(user)));
  if (told) co_return AdminReply{200, user_json(user)};
  co_return failure(told.error().code,
                    fmt::format("{}, but the tokens that '{}' has now do not have them yet: {}; try the same "
                                "again",
                                done, user.name, told.error().text));
}

Task<Result<AdminReply>> Admin::remove_user(User user, LogRoom room) {
  // Disabled first. If ending the tokens fails, the user still exists and the request can be repeated.
  LATCHKEY_CO_TRY(AdminReply disabled, set_active(user, false, room.another()));
  LATCHKEY_CO_TRY(services_.directory.remove(user.id));
  LogEvent(std::move(room), LogLevel::kInfo, "admin.user_deleted").text("user", user.name);
  co_return disabled;
}

Task<Result<AdminReply>> Admin::show_user(User user) {
  LATCHKEY_CO_TRY(const std::vector<store::Session> sessions,
                  services_.store.sessions_of(user.id, kMaxListedTokens));
  const std::chrono::milliseconds timeout = services_.token_timeout;
  const WallTime now = services_.clock.wall();
  const auto live = std::count_if(sessions.begin(), sessions.end(), [timeout, now](const auto& session) {
    return timeout.count() == 0 || now - session.last_used <= timeout;
  });
  const Result<std::string_view> kind = credential::hash_kind(user.password_hash);
  JsonWriter json;
  json.begin_object();
  write_user_members(json, user);
  json.member("hash_kind", kind ? *kind : "none that can be read: set the password anew");
  json.member("live_tokens", live);
  json.end();
  co_return AdminReply{200, json.take()};
}

Task<Result<AdminReply>> Admin::rename_user(User user, SecretText body, LogRoom room) {
  LATCHKEY_CO_TRY_NOW(AdminBody read, read_admin_body(body.view()));
  const std::string former = user.name;
  LATCHKEY_CO_TRY(User renamed, services_.directory.rename(user.id, std::move(read.name).value_or("")));
  LogEvent(std::move(room), LogLevel::kInfo, "admin.user_renamed")
      .text("user", former)
      .text("name", renamed.name);
  // After the name: a login under way sees the next password number, or its token is among those ended.
  LATCHKEY_CO_RETURN(end_tokens(std::move(renamed), SessionEnd::kAdmin, "the user is renamed"));
}

Task<Result<std::size_t>> Admin::end_all_of(std::int64_t user_id, SessionEnd end) {
  const store::Death reason = end == SessionEnd::kDisabled ? store::Death::kInactive : store::Death::kDeleted;
  LATCHKEY_AWAIT(Result<std::size_t> ended, services_.sessions.end_all(user_id, reason));
  if (ended && services_.metrics != nullptr) services_.metrics->ended[end].add(*ended);
  co_return ended;
}

Task<Result<AdminReply>> Admin::end_tokens(User user, SessionEnd end, std::string_view done,
                                           std::optional<Unlocking> unlocking) {
  LATCHKEY_AWAIT(const Result<std::size_t> ended, end_all_of(user.id, end));
  if (!ended) {
    const Error& error = ended.error();
    co_return failure(error.code,
                      fmt::format("{}, but the tokens of '{}' could not be ended for good: {}; try "
                                  "the same again",
                                  done, user.name, error.text));
  }
  JsonWriter json;
  json.begin_object();
  json.member("user", user.name);
  json.member("ended_tokens", *ended);
  if (unlocking) write_unlocking(json, *unlocking);
  json.end();
  co_return AdminReply{200, json.take()};
}

}  // namespace latchkey::api
