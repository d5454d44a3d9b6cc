#include "latchkey/credential/foreign_hash.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <vector>

#include "credential/crypt_library.h"
#include "credential/scheme_wrapped.h"
#include "latchkey/base/hex.h"
#include "latchkey/base/utf8.h"

namespace latchkey::credential {

namespace {

/// Either a hash that is stored as it is, or a digest that is wrapped.
struct Reading {
  std::string stored;
  std::optional<OldHash> old;
};

constexpr std::size_t kMostNesting = 3;  ///< {CRYPT} around crypt$$ around a hash is more than anybody writes
constexpr std::size_t kDesCharacters = 13;
constexpr std::size_t kDesSaltCharacters = 2;

Result<Reading> read_nested(std::string_view given, std::size_t nesting);

Result<Reading> as_it_is(std::string_view stored) {
  LATCHKEY_TRY(check_stored_hash(stored));
  return Reading{std::string(stored), std::nullopt};
}

Result<Reading> weak(OldDigest digest, std::string_view salt, std::string_view text) {
  OldHash old{digest, std::string(salt), std::string(text)};
  LATCHKEY_TRY(check_old_hash(old));
  return Reading{{}, std::move(old)};
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('$', at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

bool takes_front(std::string_view& text, std::string_view front) noexcept {
  if (!text.starts_with(front)) return false;
  text.remove_prefix(front.size());
  return true;
}

// --- LDAP: {SCHEME}

struct LdapDigest {
  std::string_view scheme;
  OldDigest digest;
  std::size_t bytes;
};
constexpr std::array kLdapDigests = {
    LdapDigest{"md5", OldDigest::kMd5, 16},       LdapDigest{"smd5", OldDigest::kMd5, 16},
    LdapDigest{"sha", OldDigest::kSha1, 20},      LdapDigest{"ssha", OldDigest::kSha1, 20},
    LdapDigest{"sha256", OldDigest::kSha256, 32}, LdapDigest{"ssha256", OldDigest::kSha256, 32},
    LdapDigest{"sha512", OldDigest::kSha512, 64}, LdapDigest{"ssha512", OldDigest::kSha512, 64}};

/// Base64 of a digest with its salt behind it.
Result<Reading> read_ldap_digest(const LdapDigest& of, std::string_view text) {
  std::array<unsigned char, 64 + kMaxOldSaltBytes> bytes{};
  std::size_t size = 0;
  const char* end = nullptr;
  const bool is_base64 = is_ascii(text) &&
                         sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr,
                                           &size, &end, sodium_base64_VARIANT_ORIGINAL) == 0 &&
                         end == text.data() + text.size();
  if (!is_base64 || size < of.bytes) return malformed_hash();
  const std::string_view salt(reinterpret_cast<const char*>(bytes.data()) + of.bytes, size - of.bytes);
  return weak(of.digest, salt, to_hex(std::span(bytes).first(of.bytes)));
}

/// The schemes whose hash another spelling has: only the front differs.
std::string respelled_ldap(std::string_view scheme, std::string_view rest) {
  if (scheme == "pbkdf2" || scheme == "pbkdf2-sha1") return fmt::format("$pbkdf2${}", rest);
  if (scheme == "pbkdf2-sha256" || scheme == "pbkdf2-sha512") return fmt::format("${}${}", scheme, rest);
  if (scheme == "crypt" || scheme == "argon2" || scheme == "blf-crypt" || scheme == "bcrypt")
    return std::string(rest);
  return {};
}

Result<Reading> read_ldap(std::string_view given, std::size_t nesting) {
  const std::size_t end = given.find('}');
  if (end == std::string_view::npos) return malformed_hash();
  const std::string scheme = lower(given.substr(1, end - 1));
  const std::string_view rest = given.substr(end + 1);
  const auto* const digest = std::find_if(kLdapDigests.begin(), kLdapDigests.end(),
                                          [&scheme](const LdapDigest& of) { return of.scheme == scheme; });
  if (digest != kLdapDigests.end()) return read_ldap_digest(*digest, rest);
  if (const std::string other = respelled_ldap(scheme, rest); !other.empty())
    return read_nested(other, nesting + 1);
  if (scheme == "cleartext" || scheme == "plain") {
    return failure(ErrorCode::kInvalid,
                   "it is a password in clear text, and not a hash: give it with --password-stdin");
  }
  return failure(ErrorCode::kInvalid,
                 "it has a scheme of LDAP's that this Latchkey does not read; it reads {CRYPT}, {ARGON2}, "
                 "{PBKDF2-SHA256}, {PBKDF2-SHA512}, {SSHA} and their like: set the password anew");
}

// --- Django: name$...

/// scrypt$<n>$<salt>$<r>$<p>$<hash> in the spelling of crypt(5), whose digest is the first half of Django's.
Result<Reading> read_django_scrypt(std::string_view rest) {
  const std::vector<std::string_view> parts = split(rest);
  constexpr std::size_t kParts = 5;
  constexpr std::size_t kDigestBytes = 64;
  constexpr std::size_t kCryptBytes = 32;
  std::uint32_t n = 0;
  std::uint32_t blocks = 0;
  std::uint32_t lanes = 0;
  const auto whole_number = [](std::string_view text, std::uint32_t& number) {
    return take_number(text, number) && text.empty();
  };
  std::array<unsigned char, kDigestBytes> digest{};
  std::size_t size = 0;
  const bool is_read = parts.size() == kParts && whole_number(parts[0], n) &&
                       whole_number(parts[2], blocks) && whole_number(parts[3], lanes) && n > 1 &&
                       (n & (n - 1)) == 0 && is_ascii(parts[4]) &&
                       sodium_base642bin(digest.data(), digest.size(), parts[4].data(), parts[4].size(),
                                         nullptr, &size, nullptr, sodium_base64_VARIANT_ORIGINAL) == 0 &&
                       size == kDigestBytes;
  if (!is_read) return malformed_hash();
  constexpr int kNumberDigits = 5;
  std::string crypt = "$7$";
  append_crypt_digits(crypt, static_cast<unsigned>(__builtin_ctz(n)), 1);
  append_crypt_digits(crypt, blocks, kNumberDigits);
  append_crypt_digits(crypt, lanes, kNumberDigits);
  crypt += parts[1];
  crypt += '$';
  append_crypt_bytes(crypt, std::span(digest).first(kCryptBytes));
  return as_it_is(crypt);
}

Result<Reading> read_django_digest(OldDigest digest, std::string_view rest) {
  const std::vector<std::string_view> parts = split(rest);
  if (parts.size() != 2) return malformed_hash();
  return weak(digest, parts[0], lower(parts[1]));
}

// --- crypt(5)

Result<Reading> read_md5_crypt(OldDigest digest, std::string_view rest) {
  const std::vector<std::string_view> parts = split(rest);
  if (parts.size() != 2) return malformed_hash();
  return weak(digest, parts[0], parts[1]);
}

Result<Reading> read_nested(std::string_view given, std::size_t nesting) {
  if (nesting == kMostNesting || given.size() > kMaxStoredHashBytes) return malformed_hash();
  if (given.starts_with('{')) return read_ldap(given, nesting);
  std::string_view rest = given;
  if (takes_front(rest, "argon2$")) return read_nested("$" + std::string(rest), nesting + 1);
  if (takes_front(rest, "bcrypt$") || takes_front(rest, "crypt$$")) return read_nested(rest, nesting + 1);
  if (takes_front(rest, "scrypt$")) return read_django_scrypt(rest);
  if (takes_front(rest, "md5$")) return read_django_digest(OldDigest::kMd5OfSalt, rest);
  if (takes_front(rest, "sha1$")) return read_django_digest(OldDigest::kSha1OfSalt, rest);
  if (takes_front(rest, "$apr1$")) return read_md5_crypt(OldDigest::kApr1, rest);
  if (takes_front(rest, "$1$")) return read_md5_crypt(OldDigest::kMd5Crypt, rest);
  if (given.size() == kDesCharacters && is_crypt_base64(given))
    return weak(OldDigest::kDes, given.substr(0, kDesSaltCharacters), given.substr(kDesSaltCharacters));
  return as_it_is(given);
}

}  // namespace

Result<ForeignHash> ForeignHash::read(std::string_view given) {
  LATCHKEY_TRY(Reading reading, read_nested(given, 0));
  ForeignHash hash;
  hash.stored_ = std::move(reading.stored);
  if (reading.old) {
    hash.weak_ = name_of(reading.old->digest);
    hash.salt_ = std::move(reading.old->salt);
    hash.digest_ = std::move(reading.old->text);
  }
  return hash;
}

Result<std::string> ForeignHash::to_store(const HashSettings& settings) const {
  if (weak_.empty()) return stored_;
  return wrap({*old_digest_named(weak_), salt_, digest_}, settings);
}

}  // namespace latchkey::credential
