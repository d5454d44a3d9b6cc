// libxcrypt, for the schemes of crypt(5) that it verifies, and the characters that they are written in. Pure
// functions, as expensive as the hash asks.
// Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "latchkey/base/result.h"
#include "latchkey/base/secret.h"

namespace latchkey::credential {

/// The longest password that libxcrypt hashes (CRYPT_MAX_PASSPHRASE_SIZE without the terminator).
inline constexpr std::size_t kMaxCryptPasswordBytes = 511;

/// What DES sees of a password.
inline constexpr std::size_t kDesPasswordBytes = 8;

/// What a scheme does with a password that is too long.
enum class LongPassword { kNeverMatches, kIsCut };

struct CryptPasswords {
  std::size_t max_bytes = kMaxCryptPasswordBytes;
  LongPassword longer = LongPassword::kNeverMatches;
};

/// Whether crypt(3) makes `stored` from `password`. The two are compared in constant time. A password that
/// contains a NUL, which no C string can, never matches. One that cannot match costs as much as another of
/// its length.
/// Errors: kInvalid if libxcrypt does not accept `stored`; kUnavailable if there is no memory.
Result<bool> verify_by_crypt(std::string_view password, std::string_view stored,
                             const CryptPasswords& passwords);
/// The same for a scheme without bounds of its own.
Result<bool> verify_by_crypt(std::string_view password, std::string_view stored);

/// What crypt(3) makes of a password, or of its first `max_bytes`, with `setting`.
/// Errors: as verify_by_crypt.
Result<SecretText> make_by_crypt(std::string_view password, std::string_view setting, std::size_t max_bytes);

/// The value of a digit of crypt's base 64, `./0-9A-Za-z` in this order; kNoCryptDigit for anything else.
inline constexpr unsigned kNoCryptDigit = 64;
unsigned crypt_digit(char c) noexcept;

/// Whether `text` consists of such digits only.
bool is_crypt_base64(std::string_view text) noexcept;

/// Appends a number, the lowest six bits first; or bytes, three in four digits, as scrypt's $7$ has them.
void append_crypt_digits(std::string& out, std::uint32_t number, int digits);
void append_crypt_bytes(std::string& out, std::span<const std::uint8_t> bytes);

}  // namespace latchkey::credential
