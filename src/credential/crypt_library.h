// libxcrypt, for the schemes of crypt(5) that it verifies, and the characters that they are written in. Pure
// functions, any thread; dear as the hash says.
#pragma once

#include <cstddef>
#include <string_view>

#include "latchkey/base/result.h"

namespace latchkey::credential {

/// The longest password that libxcrypt hashes (CRYPT_MAX_PASSPHRASE_SIZE, its end not counted).
inline constexpr std::size_t kMaxCryptPasswordBytes = 511;

/// What a scheme does with a password over its longest.
enum class LongPassword { kNeverMatches, kIsCut };

struct CryptPasswords {
  std::size_t max_bytes = kMaxCryptPasswordBytes;
  LongPassword longer = LongPassword::kNeverMatches;
};

/// Whether crypt(3) makes `stored` of `password`, in constant time where the two are compared. A password
/// with a NUL in it, which no C string has, never matches; one that cannot match costs what another of its
/// length does. Errors: kInvalid, libxcrypt does not take `stored`; kUnavailable, no memory.
Result<bool> verify_by_crypt(std::string_view password, std::string_view stored,
                             const CryptPasswords& passwords);
/// The same for a scheme without bounds of its own.
Result<bool> verify_by_crypt(std::string_view password, std::string_view stored);

/// The value of a digit of crypt's base 64, `./0-9A-Za-z` in this order; kNoCryptDigit for all else.
inline constexpr unsigned kNoCryptDigit = 64;
unsigned crypt_digit(char c) noexcept;

/// Whether all of `text` is such digits.
bool is_crypt_base64(std::string_view text) noexcept;

}  // namespace latchkey::credential
