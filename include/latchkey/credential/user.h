// A user as the directory knows them, and the rules for a name.
// Thread: any; these are plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "latchkey/base/clock.h"
#include "latchkey/base/result.h"

namespace latchkey::credential {

/// Characters, not bytes (C-15).
inline constexpr std::size_t kMaxNameCharacters = 150;
/// The bound on each of first name, last name and email.
inline constexpr std::size_t kMaxDetailCharacters = 254;
/// The bounds on groups (S-11): of one name, and of all that a user is in. A proxy's buffer for the head of
/// an answer may have no more than 4 KiB, so what the header field takes is bounded too.
inline constexpr std::size_t kMaxGroupBytes = 64;
inline constexpr std::size_t kMaxGroups = 64;
inline constexpr std::size_t kMaxGroupFieldBytes = 2048;
/// The bounds on what the details take in their header fields, percent-encoded (C-36): first and last name in
/// one, the email address in another.
inline constexpr std::size_t kMaxDetailFieldBytes = 512;
/// The bound on all that applications are told of a user in header fields. The user's name stands in two of
/// them; with one of 128 bytes, the others may be as long as they may be at all.
inline constexpr std::size_t kMaxIdentityBytes = 256 + kMaxGroupFieldBytes + 2 * kMaxDetailFieldBytes;

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
  std::vector<std::string> groups;  ///< sorted by bytes, each once
  /// How often groups or details were changed; 0 for a user who never had any.
  std::int64_t profile_number = 0;
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

/// Checks the name of a group: the rules for the name of a new user, without a comma, and of at most
/// kMaxGroupBytes bytes.
/// Errors: kInvalid, with what is wrong.
Result<void> check_group_name(std::string_view name);

/// Checks the names of a user's groups, how many there are, and what they take in a header field.
/// Errors: kInvalid, with what is wrong.
Result<void> check_groups(const std::vector<std::string>& groups);

/// Checks groups and details of a user, and what all that is told of the user takes in header fields.
/// Errors: kInvalid, with what is wrong.
Result<void> check_profile(const User& user);

}  // namespace latchkey::credential
