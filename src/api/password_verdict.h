// PasswordVerdict: what became of a password that somebody tried. Values.
#pragma once

#include <cstdint>
#include <variant>

#include "latchkey/base/result.h"
#include "latchkey/credential/user.h"

namespace latchkey::api {

/// Unknown name, wrong password, inactive user: nobody is told which.
struct WrongPassword {};

/// Nothing was tried.
struct Throttled {
  std::int64_t seconds = 1;  ///< until it may be tried again; at least 1
};

/// The user of a right password; or why there is none. An Error is a bound's or the disk's, and kInvalid for
/// a password over credential::kMaxPasswordBytes.
using PasswordVerdict = std::variant<credential::User, WrongPassword, Throttled, Error>;

}  // namespace latchkey::api
