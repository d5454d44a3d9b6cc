#include "credential/scheme_bcrypt.h"

#include <fmt/format.h>
#include <sodium.h>

#include <array>

#include "credential/crypt_library.h"
#include "latchkey/base/secret.h"
#include "latchkey/credential/hash_scheme.h"

namespace latchkey::credential {

namespace {

constexpr std::size_t kKindCharacters = std::string_view("$2b$12$").size();
constexpr std::size_t kSaltCharacters = 22;
constexpr std::size_t kDigestCharacters = 31;
constexpr unsigned kMinCost = 4;
/// Only the upper two bits of the salt's last digit are used, and libxcrypt writes the others as zeros.
constexpr std::string_view kLastSaltDigits = ".Oeu";
constexpr CryptPasswords kPasswords{.max_bytes = kMaxBcryptPasswordBytes, .longer = LongPassword::kIsCut};

constexpr std::string_view kDjangoPrefix = "bcrypt_sha256$";

bool is_decimal(char c) noexcept { return c >= '0' && c <= '9'; }

Result<std::size_t> check_bcrypt(std::string_view stored) {
  if (stored.size() != kKindCharacters + kSaltCharacters + kDigestCharacters || !is_decimal(stored[4]) ||
      !is_decimal(stored[5]) || stored[6] != '$' || !is_crypt_base64(stored.substr(kKindCharacters)) ||
      kLastSaltDigits.find(stored[kKindCharacters + kSaltCharacters - 1]) == std::string_view::npos) {
    return malformed_hash();
  }
  const unsigned cost = static_cast<unsigned>(stored[4] - '0') * 10 + static_cast<unsigned>(stored[5] - '0');
  if (cost < kMinCost) return malformed_hash();
  if (cost > kMaxBcryptCost) return hash_too_dear(fmt::format("a cost of {}", kMaxBcryptCost));
  return kKindCharacters;
}

Result<bool> verify_bcrypt(std::string_view password, std::string_view stored) {
  return verify_by_crypt(password, stored, kPasswords);
}

Result<std::size_t> check_django(std::string_view stored) {
  const std::string_view inner = stored.substr(kDjangoPrefix.size());
  if (!inner.starts_with(kBcryptA.prefix) && !inner.starts_with(kBcryptB.prefix) &&
      !inner.starts_with(kBcryptY.prefix)) {
    return malformed_hash();
  }
  Result<std::size_t> kind = check_bcrypt(inner);
  if (kind) *kind += kDjangoPrefix.size();
  return kind;
}

Result<bool> verify_django(std::string_view password, std::string_view stored) {
  SecretBytes<crypto_hash_sha256_BYTES> digest;
  crypto_hash_sha256(digest.data(), reinterpret_cast<const unsigned char*>(password.data()), password.size());
  std::array<char, 2 * crypto_hash_sha256_BYTES + 1> digits{};
  sodium_bin2hex(digits.data(), digits.size(), digest.data(), digest.bytes().size());
  Result<bool> verified =
      verify_bcrypt({digits.data(), digits.size() - 1}, stored.substr(kDjangoPrefix.size()));
  wipe(digits.data(), digits.size());
  return verified;
}

}  // namespace

const StoredScheme kBcryptA{"bcrypt", "$2a$", check_bcrypt, verify_bcrypt, PasswordReach::kFirst72Bytes};
const StoredScheme kBcryptB{"bcrypt", "$2b$", check_bcrypt, verify_bcrypt, PasswordReach::kFirst72Bytes};
const StoredScheme kBcryptY{"bcrypt", "$2y$", check_bcrypt, verify_bcrypt, PasswordReach::kFirst72Bytes};
const StoredScheme kBcryptSha256{"bcrypt_sha256", kDjangoPrefix, check_django, verify_django,
                                 PasswordReach::kWhole};

}  // namespace latchkey::credential
