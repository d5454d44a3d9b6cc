// OldDigest: the fast digests by which other programs stored passwords. Nothing made by them alone is ever
// stored here: only Argon2id of such a digest is (scheme_wrapped.h).
// Thread: any; all are pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "latchkey/base/result.h"
#include "latchkey/base/secret.h"

namespace latchkey::credential {

enum class OldDigest : std::uint8_t {
  kMd5,         ///< MD5 of password and salt, as LDAP's {MD5} and {SMD5}
  kSha1,        ///< {SHA}, {SSHA}
  kSha256,      ///< {SHA256}, {SSHA256}
  kSha512,      ///< {SHA512}, {SSHA512}
  kMd5OfSalt,   ///< MD5 of salt and password, as Django's md5$
  kSha1OfSalt,  ///< Django's sha1$
  kMd5Crypt,    ///< $1$ of crypt(5)
  kApr1,        ///< Apache's $apr1$: the same with other characters between
  kDes,         ///< crypt(3) as it was first: sees 8 bytes of a password
};

/// The longest salt that is read.
inline constexpr std::size_t kMaxOldSaltBytes = 64;

/// The name within a stored hash: `apr1`.
std::string_view name_of(OldDigest digest) noexcept;
std::optional<OldDigest> old_digest_named(std::string_view name) noexcept;

/// How many characters `digest_text` makes.
std::size_t digest_characters(OldDigest digest) noexcept;

/// The digest as text: lower-case hexadecimal digits, or the characters of crypt(5) behind the salt.
/// Errors: kUnavailable if there is no memory; kInvalid if libxcrypt refuses the salt.
Result<SecretText> digest_text(OldDigest digest, std::string_view password, std::string_view salt);

}  // namespace latchkey::credential
