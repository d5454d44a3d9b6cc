// A user as the directory knows them, and the rules for a name.
// Thread: any; these are plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "latchkey/base/clock.h"
#include "latchkey/base/result.h"

namespace latchkey::credential {

/// Characters, not bytes (C-15).
inline constexpr std::size_t kMaxNameCharacters = 150;
/// The bound on each of first name, last name and email.
inline constexpr std::size_t kMaxDetailCharacters = 254;

struct User {
  std::int64_t id = 0;
  std::string name;
  std::string password_hash;
  /// How often a new password was set or the user disabled. What was learnt under an earlier number, such as
  /// a login in progress or a known address, is no longer valid. A rehash of the same password keeps the
  /// number.
  std::int64_t password_number = 0;
  bool active = true;
  bool superuser = false;
  std::string first_name;
  std::string last_name;
  std::string email;
  WallTime created{};
};

/// Checks a name. Names are compared byte by byte, and a user whose name fails the check cannot log in.
/// Errors: kInvalid, with what is wrong, unless `name` is 1 to 150 characters of UTF-8 without a control
/// character and without white space at either end (C-15, C-16).
Result<void> check_user_name(std::string_view name);

/// Checks the name of a user to be created. Beyond the rules above it rejects whatever could let two users
/// have names that look the same, in the spirit of RFC 8265: invisible characters, white space other than the
/// blank, characters that Unicode has not assigned or leaves to private use, and any form but the composed
/// one (NFC). An existing user with such a name keeps it.
/// Errors: kInvalid, with what is wrong.
Result<void> check_new_user_name(std::string_view name);

/// Checks `text` like a name, but it may be empty and have white space at its ends. `what` names it in the
/// error.
Result<void> check_user_detail(std::string_view what, std::string_view text);

}  // namespace latchkey::credential
