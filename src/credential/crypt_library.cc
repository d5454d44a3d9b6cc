#include "credential/crypt_library.h"

#include <crypt.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

#include "credential/stored_scheme.h"
#include "latchkey/base/assert.h"
#include "latchkey/base/secret.h"

namespace latchkey::credential {

static_assert(kMaxCryptPasswordBytes == CRYPT_MAX_PASSPHRASE_SIZE - 1);

namespace {

constexpr std::string_view kDigits = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The working memory of libxcrypt, and the password in the form that it needs. Wiped on destruction.
struct CryptRoom {
  CryptRoom() = default;
  CryptRoom(const CryptRoom&) = delete;
  CryptRoom& operator=(const CryptRoom&) = delete;
  ~CryptRoom() {
    wipe(password.data(), password.size());
    wipe(&data, sizeof data);
  }

  std::array<char, kMaxCryptPasswordBytes + 1> password{};
  crypt_data data{};
};

}  // namespace

Result<SecretText> make_by_crypt(std::string_view password, std::string_view setting, std::size_t max_bytes) {
  LATCHKEY_ASSERT(max_bytes <= kMaxCryptPasswordBytes);
  CryptRoom room;
  const std::string_view hashed = password.substr(0, max_bytes);
  // Another byte replaces a NUL, so that the hashed text has the same length.
  std::replace_copy(hashed.begin(), hashed.end(), room.password.begin(), '\0', '?');
  const std::string terminated(setting);
  errno = 0;
  const char* const made = ::crypt_rn(room.password.data(), terminated.c_str(), &room.data, sizeof room.data);
  if (made == nullptr) return errno == ENOMEM ? no_hash_memory() : malformed_hash();
  return SecretText(made);
}

Result<bool> verify_by_crypt(std::string_view password, std::string_view stored,
                             const CryptPasswords& passwords) {
  const bool is_too_long =
      password.size() > passwords.max_bytes && passwords.longer == LongPassword::kNeverMatches;
  const bool can_match = !is_too_long && password.find('\0') == std::string_view::npos;
  LATCHKEY_TRY(const SecretText made, make_by_crypt(password, stored, passwords.max_bytes));
  const std::string_view result = made.view();
  return result.size() == stored.size() && sodium_memcmp(result.data(), stored.data(), stored.size()) == 0 &&
         can_match;
}

Result<bool> verify_by_crypt(std::string_view password, std::string_view stored) {
  return verify_by_crypt(password, stored, CryptPasswords{});
}

unsigned crypt_digit(char c) noexcept {
  static_assert(kDigits.size() == kNoCryptDigit);
  const std::size_t value = kDigits.find(c);
  return value == std::string_view::npos ? kNoCryptDigit : static_cast<unsigned>(value);
}

bool is_crypt_base64(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return crypt_digit(c) != kNoCryptDigit; });
}

void append_crypt_digits(std::string& out, std::uint32_t number, int digits) {
  for (; digits > 0; --digits, number >>= 6) out += kDigits[number & 63U];
}

void append_crypt_bytes(std::string& out, std::span<const std::uint8_t> bytes) {
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t group = 0;
    const std::size_t size = std::min<std::size_t>(3, bytes.size() - at);
    for (std::size_t i = 0; i < size; ++i) group |= std::uint32_t{bytes[at + i]} << (8 * i);
    append_crypt_digits(out, group, static_cast<int>(size) + 1);
  }
}

}  // namespace latchkey::credential
