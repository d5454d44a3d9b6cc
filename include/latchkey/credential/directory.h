// Directory: the seam between the authenticator and wherever users stand. One object a core thread, used by
// that thread's coroutines only. Errors: kUnavailable, kOverloaded, kFatal of what stands behind it.
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

  /// The user with exactly this name, active or not.
  virtual runtime::Task<Result<std::optional<User>>> find(std::string name) = 0;
  virtual runtime::Task<Result<std::optional<User>>> find_by_id(std::int64_t id) = 0;

  /// Replaces the user's password hash where it is still `expected`, so that a rehash of an old password
  /// never undoes a change of it. False where it is not.
  virtual runtime::Task<Result<bool>> replace_hash(std::int64_t id, std::string expected,
                                                   std::string replacement) = 0;

  /// Sets a new password's hash where the user is active and the password is still the one of this number, so
  /// that who knew the last one never undoes what an administrator has set meanwhile. False where it is not.
  virtual runtime::Task<Result<bool>> change_password_hash(std::int64_t id, std::int64_t password_number,
                                                           std::string hash) = 0;
};

/// Whether the user of this id is active and has the password of this number. `directory` outlives the task.
runtime::Task<Result<bool>> still_holds(Directory& directory, std::int64_t user_id,
                                        std::int64_t password_number);

}  // namespace latchkey::credential
