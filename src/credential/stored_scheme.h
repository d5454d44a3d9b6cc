// StoredScheme: one way to write a password hash down, as hash_scheme.h looks it up: how it is told, checked
// and verified. Constants and pure functions, any thread, under the same conditions as hash_scheme.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "latchkey/base/result.h"

namespace latchkey::credential {

/// What of a password a scheme looks at, and so which password has been verified whole.
enum class PasswordReach : std::uint8_t {
  kWhole,
  /// bcrypt: no more than so. A shorter one is told by its end, as a NUL goes with it; one of 72 bytes is
  /// not.
  kFirst72Bytes,
  /// The key of HMAC-SHA-256 (RFC 2104 §2): of one over 64 bytes the digest stands in its place.
  kHmacSha256Key,
};

struct StoredScheme {
  std::string_view name;    ///< as an error calls it
  std::string_view prefix;  ///< how every hash of the scheme begins

  /// Reads a hash that begins with `prefix` to its end. Gives how many characters at its front say scheme and
  /// cost (hash_kind). Errors: kInvalid, malformed or dearer than the scheme's bounds.
  Result<std::size_t> (*check)(std::string_view stored);

  /// Whether `password`, of any bytes, at most kMaxPasswordBytes, made `stored`, which has passed `check`.
  /// Takes the same time for every password of a length, right or wrong. Errors: kUnavailable, no memory.
  Result<bool> (*verify)(std::string_view password, std::string_view stored);

  PasswordReach reach;
};

/// Takes a number without sign or leading zeros from the front of `text`.
bool take_number(std::string_view& text, std::uint32_t& number) noexcept;

/// The errors that the schemes share.
tl::unexpected<Error> malformed_hash();
tl::unexpected<Error> hash_too_dear(std::string_view bounds);
tl::unexpected<Error> no_hash_memory();

}  // namespace latchkey::credential
