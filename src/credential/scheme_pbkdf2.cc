#include "credential/scheme_pbkdf2.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <string>

#include "latchkey/base/secret.h"
#include "latchkey/base/utf8.h"
#include "latchkey/credential/hash_scheme.h"

namespace latchkey::credential {

namespace {

constexpr std::size_t kMaxDigestBytes = 64;
constexpr std::size_t kMaxSaltBytes = 128;

struct Spelling {
  std::string_view prefix;
  const EVP_MD* (*hash)();
  std::size_t digest_bytes;
  bool is_djangos;
};

constexpr Spelling kDjango256{"pbkdf2_sha256$", EVP_sha256, 32, true};
constexpr Spelling kDjango1{"pbkdf2_sha1$", EVP_sha1, 20, true};
constexpr Spelling kModular1{"$pbkdf2$", EVP_sha1, 20, false};
constexpr Spelling kModular256{"$pbkdf2-sha256$", EVP_sha256, 32, false};
constexpr Spelling kModular512{"$pbkdf2-sha512$", EVP_sha512, 64, false};

template <std::size_t N>
struct Bytes {
  std::array<unsigned char, N> bytes{};
  std::size_t size = 0;
};

struct Parts {
  std::uint32_t iterations = 0;
  Bytes<kMaxSaltBytes> salt;
  Bytes<kMaxDigestBytes> digest;
  std::size_t end_of_iterations = 0;  ///< after the `$` that follows them
};

template <std::size_t N>
bool decode(std::string_view text, int variant, Bytes<N>& out) noexcept {
  const char* end = nullptr;
  return is_ascii(text) &&
         sodium_base642bin(out.bytes.data(), N, text.data(), text.size(), nullptr, &out.size, &end,
                           variant) == 0 &&
         end == text.data() + text.size();
}

template <std::size_t N>
bool decode_modular(std::string_view text, Bytes<N>& out) {
  std::string standard(text);
  std::replace(standard.begin(), standard.end(), '.', '+');
  return decode(standard, sodium_base64_VARIANT_ORIGINAL_NO_PADDING, out);
}

bool take_salt(std::string_view text, bool is_djangos, Bytes<kMaxSaltBytes>& salt) {
  if (!is_djangos) return decode_modular(text, salt) && salt.size > 0;
  if (text.empty() || text.size() > kMaxSaltBytes) return false;
  std::copy(text.begin(), text.end(), salt.bytes.begin());
  salt.size = text.size();
  return true;
}

bool read_parts(std::string_view stored, const Spelling& spelling, Parts& parts) {
  std::string_view rest = stored.substr(spelling.prefix.size());
  if (!take_number(rest, parts.iterations) || !rest.starts_with('$')) return false;
  rest.remove_prefix(1);
  parts.end_of_iterations = stored.size() - rest.size();
  const std::string_view salt = rest.substr(0, rest.find('$'));
  if (salt.size() == rest.size() || !take_salt(salt, spelling.is_djangos, parts.salt)) return false;
  rest.remove_prefix(salt.size() + 1);
  const bool is_digest = spelling.is_djangos ? decode(rest, sodium_base64_VARIANT_ORIGINAL, parts.digest)
                                             : decode_modular(rest, parts.digest);
  return is_digest && parts.digest.size == spelling.digest_bytes;
}

template <const Spelling& kSpelling>
Result<std::size_t> check(std::string_view stored) {
  Parts parts;
  if (!read_parts(stored, kSpelling, parts) || parts.iterations == 0) return malformed_hash();
  if (parts.iterations > kMaxPbkdf2Iterations)
    return hash_too_dear(fmt::format("{} iterations", kMaxPbkdf2Iterations));
  return parts.end_of_iterations;
}

template <const Spelling& kSpelling>
Result<bool> verify(std::string_view password, std::string_view stored) {
  Parts parts;
  if (!read_parts(stored, kSpelling, parts)) return malformed_hash();
  SecretBytes<kMaxDigestBytes> made;
  const bool is_made =
      PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), parts.salt.bytes.data(),
                        static_cast<int>(parts.salt.size), static_cast<int>(parts.iterations),
                        kSpelling.hash(), static_cast<int>(kSpelling.digest_bytes), made.data()) == 1;
  if (!is_made) return no_hash_memory();
  const bool is_same = sodium_memcmp(made.data(), parts.digest.bytes.data(), kSpelling.digest_bytes) == 0;
  // HMAC pads a short key with NULs (RFC 2104 §2), so a password that ends in NULs gives the same hash.
  return is_same && password.find('\0') == std::string_view::npos;
}

}  // namespace

const StoredScheme kPbkdf2Sha256{"pbkdf2_sha256", kDjango256.prefix, check<kDjango256>, verify<kDjango256>,
                                 PasswordReach::kHmacSha256Key};
const StoredScheme kPbkdf2Sha1{"pbkdf2_sha1", kDjango1.prefix, check<kDjango1>, verify<kDjango1>,
                               PasswordReach::kHmacSha1Key};
const StoredScheme kModularPbkdf2Sha1{"$pbkdf2$", kModular1.prefix, check<kModular1>, verify<kModular1>,
                                      PasswordReach::kHmacSha1Key};
const StoredScheme kModularPbkdf2Sha256{"$pbkdf2-sha256$", kModular256.prefix, check<kModular256>,
                                        verify<kModular256>, PasswordReach::kHmacSha256Key};
const StoredScheme kModularPbkdf2Sha512{"$pbkdf2-sha512$", kModular512.prefix, check<kModular512>,
                                        verify<kModular512>, PasswordReach::kHmacSha512Key};

}  // namespace latchkey::credential
