#include "latchkey/credential/authenticator.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "latchkey/runtime/await.h"

namespace latchkey::credential {

using runtime::Task;
using std::chrono::milliseconds;

namespace {

/// An old database may hold a name that can no longer be created. It is treated like one that does not exist
/// (C-15).
Task<Result<std::optional<User>>> find_usable(Directory& directory, std::string name) {
  if (!check_user_name(name)) co_return std::optional<User>();
  LATCHKEY_CO_RETURN(directory.find(std::move(name)));
}

/// Rounds `time` up to whole units, at least one.
milliseconds in_whole(milliseconds unit, milliseconds time) noexcept {
  return std::max<std::int64_t>(1, (time + unit - milliseconds(1)) / unit) * unit;
}

}  // namespace

Task<Result<std::optional<User>>> Authenticator::authenticate(std::string name, SecretText password,
                                                              BootTime* verification_began) {
  if (password.view().size() > kMaxPasswordBytes) {
    co_return failure(ErrorCode::kInvalid, "the password is too long");
  }
  LATCHKEY_CO_TRY(std::optional<User> user, find_usable(directory_, std::move(name)));
  LoginRefusal why = user ? LoginRefusal::kWrongPassword : LoginRefusal::kUnknownUser;
  if (user) names_.found(user->name);
  // What C-15 refuses may still come by Basic, and an imported hash may be of an empty password.
  if (!is_password(password.view())) user.reset();

  // A copy for a rehash, because the verification takes the password.
  SecretText again;
  const bool is_old = user && needs_rehash(user->password_hash, hasher_.pool().settings());
  if (is_old) again = SecretText(password.view());

  const bool is_tried = user.has_value();
  LATCHKEY_CO_TRY(const bool is_right, verify(std::move(password), user, verification_began));
  if (!is_right || !user || !user->active) {
    if (is_tried && !user) why = LoginRefusal::kUnreadableHash;
    if (is_right && user) why = LoginRefusal::kDisabled;
    metrics_.refusals[why].add();
    co_return std::optional<User>();
  }
  if (is_old && is_whole(again, *user)) {
    LATCHKEY_AWAIT(rehash(std::move(again), *user));
  }
  co_return user;
}

Task<Result<bool>> Authenticator::verify(SecretText password, std::optional<User>& user, BootTime* began) {
  if (user) {
    if (const Result<void> readable = check_stored_hash(user->password_hash); !readable) {
      LimitedEvent(log_, LogLevel::kError, "login.unreadable_hash")
          .field("remedy", "set the user's password anew")
          .text("user", user->name)
          .text("error", readable.error().text);
      // From here on it is treated like a user that does not exist, so that this too takes one verification.
      user.reset();
    }
  }
  LATCHKEY_CO_RETURN(
      hasher_.verify(std::move(password), user ? user->password_hash : hasher_.pool().dummy_hash(), began));
}

// A password is only rehashed if it was verified whole. The part that the old hash does not see may have been
// mistyped, and the right password would be refused from then on.
bool Authenticator::is_whole(const SecretText& password, const User& user) {
  const std::string_view reason = why_not_whole(password.view(), user.password_hash);
  if (reason.empty()) return true;
  const BootTime now = hasher_.pool().clock().boot();
  if (now - kept_logged_ < kKeptLogPause) {
    ++kept_unlogged_;
    return false;
  }
  kept_logged_ = now;
  LogEvent(log_, LogLevel::kWarning, "login.not_rehashed")
      .field("reason", reason)
      .field("effect",
             "the imported hash stays, and takes other passwords that it cannot tell from the right one")
      .field("remedy", "set the user's password anew")
      .field("more", std::exchange(kept_unlogged_, 0))
      .text("user", user.name);
  return false;
}

Task<void> Authenticator::rehash(SecretText password, User& user) {
  LATCHKEY_AWAIT(Result<std::string> made, hasher_.make(std::move(password)));
  if (!made) co_return;
  LATCHKEY_AWAIT(const Result<bool> replaced, directory_.replace_hash(user.id, user.password_hash, *made));
  if (!replaced || !*replaced) co_return;
  metrics_.rehashes[scheme_place(user.password_hash)].add();
  user.password_hash = std::move(*made);
  LogEvent(log_, LogLevel::kInfo, "login.rehashed").text("user", user.name);
}

BootTime Authenticator::failure_answer_time(BootTime began, BootTime verification_began,
                                            BootTime now) const noexcept {
  constexpr milliseconds kGrain(RefusalStep::kGrainMs);
  const milliseconds step(hasher_.pool().refusal_step().ms());
  const milliseconds waited = verification_began - began;
  const milliseconds verified = now - std::max(began, verification_began);
  return began + in_whole(kGrain, waited) + in_whole(step, verified);
}

}  // namespace latchkey::credential
