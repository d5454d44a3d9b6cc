// A user as the directory knows one, and what a name may be. Plain values, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "latchkey/base/clock.h"
#include "latchkey/base/result.h"

namespace latchkey::credential {

/// Characters, not bytes (C-15).
inline constexpr std::size_t kMaxNameCharacters = 150;
/// Of first name, last name and email, each.
inline constexpr std::size_t kMaxDetailCharacters = 254;

struct User {
  std::int64_t id = 0;
  std::string name;
  std::string password_hash;
  /// How often the password was set anew or the user disabled: what was learnt by an earlier number, a login
  /// under way or a known address, holds no more. A rehash of the same password leaves it.
  std::int64_t password_number = 0;
  bool active = true;
  bool superuser = false;
  std::string first_name;
  std::string last_name;
  std::string email;
  WallTime created{};
};

/// kInvalid, with what is wrong, unless `name` is 1 to 150 characters of UTF-8 without a control character
/// and without white space at either end (C-15, C-16). Another cannot log in. Names are compared byte by
/// byte.
Result<void> check_user_name(std::string_view name);

/// The same for the name of a user who is to be made. It is also held to what keeps two names that look the
/// same from being two users, in the spirit of RFC 8265: nothing that cannot be seen, no white space but a
/// blank, nothing that Unicode has not assigned or leaves to private use, and its composed form (NFC). A user
/// who has another name already keeps it.
Result<void> check_new_user_name(std::string_view name);

/// The same for `text`, which may be empty and have white space at its ends; `what` names it in the error.
Result<void> check_user_detail(std::string_view what, std::string_view text);

}  // namespace latchkey::credential
