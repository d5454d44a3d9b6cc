// StoredScheme: one format of a password hash, as hash_scheme.h looks it up: how it is recognized, checked
// and verified. These are constants and pure functions.
// Thread: any, under the same conditions as hash_scheme.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "latchkey/base/result.h"

namespace latchkey::credential {

/// How much of a password a scheme looks at, and so which passwords are verified whole.
enum class PasswordReach : std::uint8_t {
  kWhole,
  /// bcrypt looks at no more than this. It sees the end of a shorter password, because it hashes a NUL with
  /// it, but not the end of one of 72 bytes.
  kFirst72Bytes,
  /// DES sees no more than this of a password, and pads a shorter one with NULs.
  kFirst8Bytes,
  /// The password is the key of HMAC (RFC 2104 §2): one over the hash's block (64 bytes, 128 of SHA-512) is
  /// replaced by its digest.
  kHmacSha1Key,
  kHmacSha256Key,
  kHmacSha512Key,
};

struct StoredScheme {
  std::string_view name;    ///< as errors name it
  std::string_view prefix;  ///< how every hash of the scheme begins

  /// Reads a hash that begins with `prefix` to its end. Returns how many characters at its front name scheme
  /// and cost (hash_kind).
  /// Errors: kInvalid if it is malformed or costlier than the scheme's bounds.
  Result<std::size_t> (*check)(std::string_view stored);

  /// Whether `password` made `stored`. Takes the same time for every password of a length, right or wrong.
  /// Requires: `password` has at most kMaxPasswordBytes, of any value; `stored` has passed `check`.
  /// Errors: kUnavailable if there is no memory.
  Result<bool> (*verify)(std::string_view password, std::string_view stored);

  PasswordReach reach;
};

/// Removes a number without sign or leading zeros from the front of `text`.
bool take_number(std::string_view& text, std::uint32_t& number) noexcept;

/// The errors that the schemes share.
tl::unexpected<Error> malformed_hash();
tl::unexpected<Error> hash_too_dear(std::string_view bounds);
tl::unexpected<Error> no_hash_memory();

}  // namespace latchkey::credential
