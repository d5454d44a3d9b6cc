// Directory: the seam between the authenticator and the place where users are kept.
// Thread: one object per core thread, used by that thread's coroutines only.
// Errors: kUnavailable, kOverloaded and kFatal from the implementation.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "latchkey/base/result.h"
#include "latchkey/credential/user.h"
#include "latchkey/runtime/task.h"

namespace latchkey::credential {

class Directory {
 public:
  virtual ~Directory() = default;

  /// Finds the user with exactly this name, active or not.
  virtual runtime::Task<Result<std::optional<User>>> find(std::string name) = 0;
  virtual runtime::Task<Result<std::optional<User>>> find_by_id(std::int64_t id) = 0;

  /// Replaces the user's password hash if it is still `expected`, so that a rehash of an old password never
  /// undoes a change of it. Returns false if it is not.
  virtual runtime::Task<Result<bool>> replace_hash(std::int64_t id, std::string expected,
                                                   std::string replacement) = 0;

  /// Sets the hash of a new password if the user is active and still has the password of this number. Someone
  /// who knew the last password therefore never undoes what an administrator has set meanwhile. Returns false
  /// otherwise.
  virtual runtime::Task<Result<bool>> change_password_hash(std::int64_t id, std::int64_t password_number,
                                                           std::string hash) = 0;
};

/// Whether there is a user, active and with the password of this number.
bool still_holds(const std::optional<User>& user, std::int64_t password_number) noexcept;
/// Whether the user of this id is active and has the password of this number.
/// Lifetime: `directory` must outlive the task.
runtime::Task<Result<bool>> still_holds(Directory& directory, std::int64_t user_id,
                                        std::int64_t password_number);

}  // namespace latchkey::credential
