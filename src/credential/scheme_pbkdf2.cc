#include "credential/scheme_pbkdf2.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <sodium.h>

#include <array>

#include "latchkey/base/secret.h"
#include "latchkey/base/utf8.h"
#include "latchkey/credential/hash_scheme.h"

namespace latchkey::credential {

namespace {

constexpr std::string_view kPrefix = "pbkdf2_sha256$";
constexpr std::size_t kDigestBytes = 32;
constexpr std::size_t kMaxSaltBytes = 128;

using Digest = std::array<unsigned char, kDigestBytes>;

struct Parts {
  std::uint32_t iterations = 0;
  std::string_view salt;
  Digest digest{};
  std::size_t end_of_iterations = 0;  ///< after the `$` that follows them
};

bool read_parts(std::string_view stored, Parts& parts) noexcept {
  std::string_view rest = stored.substr(kPrefix.size());
  if (!take_number(rest, parts.iterations) || !rest.starts_with('$')) return false;
  rest.remove_prefix(1);
  parts.end_of_iterations = stored.size() - rest.size();
  parts.salt = rest.substr(0, rest.find('$'));
  if (parts.salt.empty() || parts.salt.size() > kMaxSaltBytes || parts.salt.size() == rest.size())
    return false;
  rest.remove_prefix(parts.salt.size() + 1);
  std::size_t size = 0;
  const char* end = nullptr;
  return is_ascii(rest) &&
         sodium_base642bin(parts.digest.data(), parts.digest.size(), rest.data(), rest.size(), nullptr, &size,
                           &end, sodium_base64_VARIANT_ORIGINAL) == 0 &&
         end == rest.data() + rest.size() && size == kDigestBytes;
}

Result<std::size_t> check(std::string_view stored) {
  Parts parts;
  if (!read_parts(stored, parts) || parts.iterations == 0) return malformed_hash();
  if (parts.iterations > kMaxPbkdf2Iterations)
    return hash_too_dear(fmt::format("{} iterations", kMaxPbkdf2Iterations));
  return parts.end_of_iterations;
}

Result<bool> verify(std::string_view password, std::string_view stored) {
  Parts parts;
  if (!read_parts(stored, parts)) return malformed_hash();
  Digest made{};
  const auto* const salt = reinterpret_cast<const unsigned char*>(parts.salt.data());
  const bool is_made =
      PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), salt,
                        static_cast<int>(parts.salt.size()), static_cast<int>(parts.iterations), EVP_sha256(),
                        static_cast<int>(made.size()), made.data()) == 1;
  const bool is_same = sodium_memcmp(made.data(), parts.digest.data(), made.size()) == 0;
  wipe(made.data(), made.size());
  if (!is_made) return no_hash_memory();
  // HMAC pads a short key with NULs (RFC 2104 §2), so a password that ends in NULs gives the same hash.
  return is_same && password.find('\0') == std::string_view::npos;
}

}  // namespace

const StoredScheme kPbkdf2Sha256{"pbkdf2_sha256", kPrefix, check, verify, PasswordReach::kHmacSha256Key};

}  // namespace latchkey::credential
