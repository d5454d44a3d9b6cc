// PasswordVerdict: the outcome of trying a password. Plain values.
#pragma once

#include <cstdint>
#include <variant>

#include "latchkey/base/result.h"
#include "latchkey/credential/user.h"

namespace latchkey::api {

/// Unknown name, wrong password or inactive user. The client is not told which.
struct WrongPassword {};

/// The password was not tried.
struct Throttled {
  std::int64_t seconds = 1;  ///< until the next try is allowed; at least 1
};

/// The user of a right password, or why there is none. An Error comes from a bound or the disk, or is
/// kInvalid for a password longer than credential::kMaxPasswordBytes.
using PasswordVerdict = std::variant<credential::User, WrongPassword, Throttled, Error>;

}  // namespace latchkey::api
