#include "credential/scheme_sha512_crypt.h"

#include <fmt/format.h>

#include <algorithm>

#include "credential/crypt_library.h"
#include "latchkey/credential/hash_scheme.h"

namespace latchkey::credential {

namespace {

struct Digest {
  std::string_view prefix;
  std::string_view rounds_prefix;
  std::size_t characters;
};
constexpr Digest kSha512{"$6$", "$6$rounds=", 86};
constexpr Digest kSha256{"$5$", "$5$rounds=", 43};
constexpr std::uint32_t kMinRounds = 1000;
constexpr std::size_t kMaxSaltCharacters = 16;

/// crypt(5): no hash contains white space or any of these.
bool is_salt_character(char c) noexcept {
  constexpr std::string_view kNever = "!$*:;\\";
  return c > ' ' && c < '\x7f' && kNever.find(c) == std::string_view::npos;
}

bool is_salt_and_digest(std::string_view text, std::size_t digest_characters) noexcept {
  const std::size_t end = text.find('$');
  if (end == std::string_view::npos || end > kMaxSaltCharacters) return false;
  const std::string_view salt = text.substr(0, end);
  const std::string_view digest = text.substr(end + 1);
  return std::all_of(salt.begin(), salt.end(), is_salt_character) && digest.size() == digest_characters &&
         is_crypt_base64(digest);
}

template <const Digest& kDigest>
Result<std::size_t> check_plain(std::string_view stored) {
  const std::size_t kind = kDigest.prefix.size();
  if (!is_salt_and_digest(stored.substr(kind), kDigest.characters)) return malformed_hash();
  return kind;
}

template <const Digest& kDigest>
Result<std::size_t> check_rounds(std::string_view stored) {
  std::string_view rest = stored.substr(kDigest.rounds_prefix.size());
  std::uint32_t rounds = 0;
  if (!take_number(rest, rounds) || rounds < kMinRounds || !rest.starts_with('$') ||
      !is_salt_and_digest(rest.substr(1), kDigest.characters)) {
    return malformed_hash();
  }
  if (rounds > kMaxSha512CryptRounds) return hash_too_dear(fmt::format("{} rounds", kMaxSha512CryptRounds));
  return stored.size() - rest.size() + 1;
}

}  // namespace

const StoredScheme kSha512CryptRounds{"sha512-crypt ($6$)", kSha512.rounds_prefix, check_rounds<kSha512>,
                                      verify_by_crypt, PasswordReach::kWhole};
const StoredScheme kSha512Crypt{"sha512-crypt ($6$)", kSha512.prefix, check_plain<kSha512>, verify_by_crypt,
                                PasswordReach::kWhole};
const StoredScheme kSha256CryptRounds{"sha256-crypt ($5$)", kSha256.rounds_prefix, check_rounds<kSha256>,
                                      verify_by_crypt, PasswordReach::kWhole};
const StoredScheme kSha256Crypt{"sha256-crypt ($5$)", kSha256.prefix, check_plain<kSha256>, verify_by_crypt,
                                PasswordReach::kWhole};

}  // namespace latchkey::credential
