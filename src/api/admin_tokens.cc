// An administrator's view of tokens, of one user or of all; how many users' tokens are ended at once; and the
// key that new ones are signed with.
#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "api/admin_json.h"
#include "latchkey/api/admin.h"
#include "latchkey/base/json_writer.h"
#include "latchkey/runtime/await.h"
#include "latchkey/runtime/nursery.h"
#include "latchkey/token/keyring.h"

namespace latchkey::api {

using credential::User;
using runtime::Task;

namespace {

/// Users whose tokens one request ends.
constexpr std::size_t kUsersEndedAtOnce = 256;
/// Of them, how many at the same time, so that they share the disk's syncs.
constexpr std::size_t kEndsUnderWay = 16;

}  // namespace

std::optional<std::int64_t> number_of(std::string_view text) noexcept {
  std::int64_t number = 0;
  if (text.empty()) return number;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Task<Result<AdminReply>> Admin::list_tokens(User user) {
  LATCHKEY_CO_TRY(const std::vector<store::Session> sessions,
                  services_.store.sessions_of(user.id, kMaxListedTokens));
  JsonWriter json;
  json.begin_object();
  json.member("user", user.name);
  json.begin_array("tokens");
  write_live(json, sessions, false);
  json.end();
  json.member("complete", sessions.size() < kMaxListedTokens);
  json.end();
  co_return AdminReply{200, json.take()};
}

Task<Result<AdminReply>> Admin::list_all_tokens(std::string after) {
  const std::optional<std::int64_t> row = number_of(after);
  if (!row) co_return failure(ErrorCode::kInvalid, "`after` is no number");
  LATCHKEY_CO_TRY(const std::vector<store::Session> sessions,
                  services_.store.live_sessions(*row, kMaxListedTokens));
  JsonWriter json;
  json.begin_object();
  json.begin_array("tokens");
  write_live(json, sessions, true);
  json.end();
  const bool is_full = sessions.size() == kMaxListedTokens;
  write_next(json, is_full ? std::optional(std::to_string(sessions.back().row)) : std::nullopt);
  json.end();
  co_return AdminReply{200, json.take()};
}

/// A timed-out token is not marked on disk until it is forgotten.
void Admin::write_live(JsonWriter& json, const std::vector<store::Session>& sessions, bool with_user) const {
  const std::chrono::milliseconds timeout = services_.token_timeout;
  const WallTime now = services_.clock.wall();
  for (const store::Session& session : sessions) {
    if (timeout.count() != 0 && now - session.last_used > timeout) continue;
    write_session(json, session, timeout, with_user);
  }
}

/// Ends the tokens of a page of users. Every token whose login was answered before the first page is among
/// those.
Task<Result<AdminReply>> Admin::end_all_tokens(std::string after, LogRoom room) {
  const std::optional<std::int64_t> user_id = number_of(after);
  if (!user_id) co_return failure(ErrorCode::kInvalid, "`after` is no number");
  LATCHKEY_CO_TRY(const std::vector<std::int64_t> users,
                  services_.store.users_with_sessions(*user_id, kUsersEndedAtOnce));
  TokenEffects effects;
  for (const std::int64_t id : users)
    effects.users.push_back({.user_id = id, .end = SessionEnd::kAdmin, .profile = std::nullopt});
  LATCHKEY_AWAIT(const Result<bool> applied, apply(effects, "some tokens are ended"));
  LogEvent(std::move(room), LogLevel::kInfo, "admin.all_tokens_ended")
      .field("users", users.size())
      .field("ended", effects.ended);
  if (!applied) co_return tl::unexpected(applied.error());
  JsonWriter json;
  json.begin_object();
  json.member("users", users.size());
  json.member("ended_tokens", effects.ended);
  const bool is_full = users.size() == kUsersEndedAtOnce;
  write_next(json, is_full ? std::optional(std::to_string(users.back())) : std::nullopt);
  json.end();
  co_return AdminReply{200, json.take()};
}

Task<void> Admin::apply_some(TokenEffects& effects) {
  while (effects.next < effects.users.size() && !effects.error) {
    TokenEffect& effect = effects.users[effects.next++];
    if (effect.end) {
      LATCHKEY_AWAIT(const Result<std::size_t> ended, end_all_of(effect.user_id, *effect.end));
      if (ended) {
        effects.ended += *ended;
      } else if (!effects.error) {
        effects.error = ended.error();
      }
    }
    if (effect.profile) {
      LATCHKEY_AWAIT(const Result<bool> told,
                     services_.sessions.set_profile(effect.user_id, std::move(*effect.profile)));
      if (!told && !effects.error) effects.error = told.error();
    }
  }
}

Task<Result<bool>> Admin::apply(TokenEffects& effects, std::string_view done) {
  runtime::Nursery nursery;
  for (std::size_t i = 0; i < std::min(kEndsUnderWay, effects.users.size()); ++i)
    nursery.spawn(apply_some(effects));
  co_await nursery.join();
  if (!effects.error) co_return true;
  co_return failure(
      effects.error->code,
      fmt::format("{}, but some tokens could not be ended for good, or told of the change: {}; end "
                  "all with `latchkey token revoke --all`",
                  done, effects.error->text));
}

Result<AdminReply> Admin::show_key() const {
  const token::Keyring* const keyring = services_.keyring;
  if (keyring == nullptr) return failure(ErrorCode::kNotFound, "no server runs here, and no key is in use");
  JsonWriter json;
  json.begin_object();
  json.member("key_file", services_.key_file);
  json.member("fingerprint", keyring->fingerprint());
  json.member("signing", keyring->signing_number());
  json.end();
  return AdminReply{200, json.take()};
}

Result<AdminReply> Admin::rotate_key(std::string_view body, LogRoom room) {
  const token::Keyring* const keyring = services_.keyring;
  if (keyring != nullptr) {
    LATCHKEY_TRY(const KeyBody key, read_key_body(body));
    if (key.fingerprint != keyring->fingerprint()) {
      return failure(ErrorCode::kConflict,
                     fmt::format("the server runs with another key: its file is {}", services_.key_file));
    }
    if (key.signing < 1 || key.signing > token::kMaxSigningNumber)
      return failure(ErrorCode::kInvalid, "`signing` is no number of a signing key");
    keyring->sign_with(static_cast<std::uint8_t>(key.signing));
    LogEvent(std::move(room), LogLevel::kInfo, "admin.key_rotated").field("signing", key.signing);
  }
  return show_key();
}

}  // namespace latchkey::api
