// Authenticator: finds the user for a name and a password. A refusal costs the same work whichever of the two
// was wrong (C-14).
// Thread: one object per core thread, used by that thread's coroutines only.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "latchkey/base/clock.h"
#include "latchkey/base/counter.h"
#include "latchkey/base/log.h"
#include "latchkey/base/result.h"
#include "latchkey/base/secret.h"
#include "latchkey/credential/directory.h"
#include "latchkey/credential/hash_client.h"
#include "latchkey/credential/hash_scheme.h"
#include "latchkey/credential/names_in_log.h"
#include "latchkey/runtime/task.h"

namespace latchkey::credential {

/// Why a password that was tried did not count.
enum class LoginRefusal : std::uint8_t { kWrongPassword, kUnknownUser, kDisabled, kUnreadableHash };
inline constexpr std::array<std::string_view, 4> kLoginRefusalNames = {"wrong_password", "unknown_user",
                                                                       "disabled", "unreadable_hash"};

/// Thread: the authenticator's counts; any reads.
struct alignas(64) AuthenticatorMetrics {
  CounterSet<LoginRefusal, kLoginRefusalNames.size()> refusals;
  std::array<Counter, kMaxSchemes> rehashes;  ///< by scheme_place of the hash that was replaced
};

class Authenticator {
 public:
  static constexpr std::chrono::milliseconds kKeptLogPause{60'000};

  /// Lifetime: all arguments must outlive this.
  Authenticator(Directory& directory, HashClient& hasher, Log& log,
                const NamesInLog::Key& name_key = {}) noexcept
      : directory_(directory), hasher_(hasher), log_(log), names_(name_key) {}

  /// How names appear in the log. Each name by which `authenticate` found a user is among them.
  const NamesInLog& names() const noexcept { return names_; }
  const AuthenticatorMetrics& metrics() const noexcept { return metrics_; }

  /// Returns the active user with this name and password, or an empty optional for any other pair, after
  /// exactly one verification. After a success it tries to replace a hash that was made by other settings, if
  /// that hash has seen all of the password. If it has not, the log says so once per kKeptLogPause.
  /// `verification_began` is set to the time when a worker took up the verification.
  /// Errors: kInvalid if the password is over kMaxPasswordBytes; kOverloaded, kUnavailable and kFatal from
  /// directory and pool.
  /// Lifetime: `verification_began` must outlive the task.
  runtime::Task<Result<std::optional<User>>> authenticate(std::string name, SecretText password,
                                                          BootTime* verification_began = nullptr);

  /// The time at which to answer a refusal that was decided at `now`, for a request that arrived at `began`
  /// (C-14). The wait for a worker, in whole grains, and the verification, in whole steps of
  /// HashPool::refusal_step, are rounded separately. If they were added first, an attacker who delays the
  /// worker by varying amounts could see how often the sum passes into another step, and so how long the
  /// verification alone took.
  BootTime failure_answer_time(BootTime began, BootTime verification_began, BootTime now) const noexcept;

 private:
  runtime::Task<Result<bool>> verify(SecretText password, std::optional<User>& user, BootTime* began);
  bool is_whole(const SecretText& password, const User& user);
  runtime::Task<void> rehash(SecretText password, User& user);

  Directory& directory_;
  HashClient& hasher_;
  Log& log_;
  NamesInLog names_;
  BootTime kept_logged_ = BootTime{} - kKeptLogPause;  ///< when a hash that stays was last logged
  std::uint64_t kept_unlogged_ = 0;                    ///< logins since then that met one
  AuthenticatorMetrics metrics_;
};

}  // namespace latchkey::credential
