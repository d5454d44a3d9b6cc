#include "credential/scheme_wrapped.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "credential/crypt_library.h"
#include "credential/scheme_argon2id.h"
#include "latchkey/base/hex.h"

namespace latchkey::credential {

namespace {

constexpr std::string_view kPrefix = "wrapped_";
constexpr std::string_view kDesPrefix = "wrapped_des$";
constexpr std::string_view kPhcFront = "$argon2id$v=19$";
constexpr std::size_t kDesSaltCharacters = 2;
constexpr std::size_t kMaxMd5CryptSalt = 8;

struct Parts {
  OldDigest digest = OldDigest::kMd5;
  std::string salt;
  std::string phc;               ///< the Argon2id hash of the digest's text
  std::size_t end_of_costs = 0;  ///< after the `$` that follows them
};

/// Cuts off and returns what comes before the next `$`; nothing if there is none.
std::optional<std::string_view> take_part(std::string_view& text) noexcept {
  const std::size_t end = text.find('$');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end + 1);
  return part;
}

std::optional<std::string> bytes_of(std::string_view digits) {
  std::vector<std::uint8_t> bytes(digits.size() / 2);
  if (digits.size() % 2 != 0 || bytes.size() > kMaxOldSaltBytes || !from_lower_hex(digits, bytes))
    return std::nullopt;
  return std::string(bytes.begin(), bytes.end());
}

bool is_salt_of(OldDigest digest, std::string_view salt) noexcept {
  switch (digest) {
    case OldDigest::kDes:
      return salt.size() == kDesSaltCharacters && is_crypt_base64(salt);
    case OldDigest::kMd5Crypt:
    case OldDigest::kApr1:
      return salt.size() <= kMaxMd5CryptSalt;
    default:
      return salt.size() <= kMaxOldSaltBytes;
  }
}

std::optional<Parts> read_parts(std::string_view stored) {
  std::string_view rest = stored.substr(kPrefix.size());
  const auto name = take_part(rest);
  const auto costs = name ? take_part(rest) : std::nullopt;
  if (!costs) return std::nullopt;
  Parts parts;
  parts.end_of_costs = stored.size() - rest.size();
  const std::optional<OldDigest> digest = old_digest_named(*name);
  const auto salt_digits = take_part(rest);
  std::optional<std::string> salt = salt_digits ? bytes_of(*salt_digits) : std::nullopt;
  if (!digest || !salt || !is_salt_of(*digest, *salt)) return std::nullopt;
  parts.digest = *digest;
  parts.salt = std::move(*salt);
  parts.phc = fmt::format("{}{}${}", kPhcFront, *costs, rest);
  return parts;
}

Result<std::size_t> check(std::string_view stored) {
  const std::optional<Parts> parts = read_parts(stored);
  if (!parts) return malformed_hash();
  LATCHKEY_TRY(kArgon2id.check(parts->phc));
  return parts->end_of_costs;
}

Result<bool> verify(std::string_view password, std::string_view stored) {
  const std::optional<Parts> parts = read_parts(stored);
  if (!parts) return malformed_hash();
  LATCHKEY_TRY(const SecretText text, digest_text(parts->digest, password, parts->salt));
  LATCHKEY_TRY(const bool is_same, kArgon2id.verify(text.view(), parts->phc));
  return is_same && password.find('\0') == std::string_view::npos;
}

}  // namespace

const StoredScheme kWrappedDes{"wrapped", kDesPrefix, check, verify, PasswordReach::kFirst8Bytes};
const StoredScheme kWrapped{"wrapped", kPrefix, check, verify, PasswordReach::kWhole};

Result<void> check_old_hash(const OldHash& old) {
  if (old.text.size() != digest_characters(old.digest) || !is_crypt_base64(old.text) ||
      !is_salt_of(old.digest, old.salt)) {
    return malformed_hash();
  }
  return {};
}

Result<std::string> wrap(const OldHash& old, const HashSettings& settings) {
  LATCHKEY_TRY(const std::string phc, make_hash(old.text, settings));
  std::string_view rest = std::string_view(phc).substr(kPhcFront.size());
  const std::string_view costs = take_part(rest).value_or("");
  const std::vector<std::uint8_t> salt(old.salt.begin(), old.salt.end());
  return fmt::format("{}{}${}${}${}", kPrefix, name_of(old.digest), costs, to_hex(salt), rest);
}

}  // namespace latchkey::credential
