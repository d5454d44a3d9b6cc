// LoginsUnderWay: the logins of a shard whose tokens are made but not yet committed. Other logins of the same
// user wait for them here. The shard owns it.
// Thread: its core's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "latchkey/base/result.h"
#include "latchkey/runtime/event.h"
#include "latchkey/runtime/task.h"
#include "latchkey/store/session.h"
#include "token/entry.h"
#include "token/login.h"

namespace latchkey::token {

/// One login on its way to the store.
class LoginUnderWay {
 public:
  LoginUnderWay(std::int64_t user_id, EntryId entry) noexcept : user_id_(user_id), entry_(entry) {}

  std::int64_t user_id() const noexcept { return user_id_; }
  EntryId entry() const noexcept { return entry_; }

  /// Called when the user's tokens are ended: this one must not come alive.
  void end(store::Death reason) noexcept { ended_by_ = reason; }
  /// kNone while the user's tokens have not been ended.
  store::Death ended_by() const noexcept { return ended_by_; }
  bool is_ended() const noexcept { return ended_by_ != store::Death::kNone; }

  /// The login check refused this login. That says nothing about those that wait for it.
  void refuse() noexcept { is_refused_ = true; }

  /// Ends the login: everybody that waits goes on from `ready`.
  /// Requires: called once.
  void finish(Result<Login> result, runtime::ReadyQueue& ready);
  /// Waits until the login has ended.
  runtime::WaitList::Wait wait() noexcept { return over_.wait(); }

 private:
  friend class LoginsUnderWay;

  const std::int64_t user_id_;
  const EntryId entry_;
  store::Death ended_by_ = store::Death::kNone;
  bool is_refused_ = false;
  std::optional<Result<Login>> result_;
  runtime::Broadcast over_;
};

class LoginsUnderWay {
 public:
  /// The most that may be under way.
  static constexpr std::size_t kMax = 4096;

  LoginsUnderWay() = default;
  ~LoginsUnderWay();
  LoginsUnderWay(const LoginsUnderWay&) = delete;
  LoginsUnderWay& operator=(const LoginsUnderWay&) = delete;

  bool is_full() const noexcept { return logins_.size() >= kMax; }

  /// Requires: not full.
  std::shared_ptr<LoginUnderWay> add(std::int64_t user_id, EntryId entry);
  /// No other login finds it from now on. Its `finish` wakes those that wait for it.
  void remove(const LoginUnderWay& login) noexcept;

  /// Null if there is none.
  std::shared_ptr<LoginUnderWay> of_entry(EntryId entry) const noexcept;
  std::shared_ptr<LoginUnderWay> of_user(std::int64_t user_id) const noexcept;

  void end_all_of(std::int64_t user_id, store::Death reason) noexcept;

  /// Waits for another login with the same user and binding, and returns its result if that is valid for the
  /// caller too. Otherwise it returns nothing, and the caller must look again: the other login's password was
  /// refused, or the user's tokens were ended before the caller came.
  static runtime::Task<std::optional<Result<Login>>> outcome_of(std::shared_ptr<LoginUnderWay> other);

 private:
  std::vector<std::shared_ptr<LoginUnderWay>> logins_;
};

}  // namespace latchkey::token
