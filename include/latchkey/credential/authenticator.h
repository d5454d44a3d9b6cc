// Authenticator: from a name and a password to a user, or to nothing. A refusal costs the same work whichever
// was wrong (C-14). One object a core thread, used by that thread's coroutines only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "latchkey/base/clock.h"
#include "latchkey/base/log.h"
#include "latchkey/base/result.h"
#include "latchkey/base/secret.h"
#include "latchkey/credential/directory.h"
#include "latchkey/credential/hash_client.h"
#include "latchkey/credential/names_in_log.h"
#include "latchkey/runtime/task.h"

namespace latchkey::credential {

class Authenticator {
 public:
  static constexpr std::int64_t kKeptLogMs = 60'000;

  /// All outlive this.
  Authenticator(Directory& directory, HashClient& hasher, Log& log,
                const NamesInLog::Key& name_key = {}) noexcept
      : directory_(directory), hasher_(hasher), log_(log), names_(name_key) {}

  /// How names stand in the log: each that `authenticate` found a user by is among them.
  const NamesInLog& names() const noexcept { return names_; }

  /// The active user with this name and password; an empty optional for any other pair, after exactly one
  /// verification. A hash made by other settings is replaced after a success, as far as that goes through, if
  /// it has seen all of the password; where not, the log says so once in kKeptLogMs.
  /// `verification_began`, which outlives the wait, is set to the time when a worker took up the
  /// verification. Errors: kInvalid, the password is over kMaxPasswordBytes; kOverloaded, kUnavailable and
  /// kFatal of directory and pool.
  runtime::Task<Result<std::optional<User>>> authenticate(std::string name, SecretText password,
                                                          BootTime* verification_began = nullptr);

  /// When a refusal is to be answered that `began` with its request and was decided `now` (C-14). The wait
  /// for a worker, in whole grains, and the verification, in whole steps of HashPool::refusal_step, count
  /// each by itself: were the two added first, then whoever makes the worker late by this much and that much
  /// would see from how often the sum passes into another step how long the verification alone took.
  BootTime failure_answer_time(BootTime began, BootTime verification_began, BootTime now) const noexcept;

 private:
  runtime::Task<Result<bool>> verify(SecretText password, std::optional<User>& user, BootTime* began);
  bool is_whole(const SecretText& password, const User& user);
  runtime::Task<void> rehash(SecretText password, User& user);

  Directory& directory_;
  HashClient& hasher_;
  Log& log_;
  NamesInLog names_;
  BootTime kept_logged_{-kKeptLogMs};  ///< when a hash that stays was last told of
  std::uint64_t kept_unlogged_ = 0;    ///< how many logins since have met one
};

}  // namespace latchkey::credential
