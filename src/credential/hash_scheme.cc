#include "latchkey/credential/hash_scheme.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <sodium.h>

#include <algorithm>
#include <array>

#include "credential/crypt_library.h"
#include "credential/scheme_argon2id.h"
#include "credential/scheme_bcrypt.h"
#include "credential/scheme_pbkdf2.h"
#include "credential/scheme_scrypt.h"
#include "credential/scheme_sha512_crypt.h"
#include "credential/scheme_wrapped.h"
#include "latchkey/base/assert.h"
#include "latchkey/base/secret.h"
#include "latchkey/base/utf8.h"

namespace latchkey::credential {

namespace {

constexpr std::size_t kBytesPerKib = 1024;
// What the hashes of others begin with, of crypt(5), passlib, LDAP's servers and Django: an error may print
// it.
constexpr std::array<std::string_view, 35> kNamesOfOthers = {"$1",
                                                             "$2",
                                                             "$2a",
                                                             "$2b",
                                                             "$2x",
                                                             "$2y",
                                                             "$3",
                                                             "$5",
                                                             "$6",
                                                             "$7",
                                                             "$8",
                                                             "$9",
                                                             "$apr1",
                                                             "$argon2d",
                                                             "$argon2i",
                                                             "$argon2id",
                                                             "$bcrypt-sha256",
                                                             "$gy",
                                                             "$md5",
                                                             "$pbkdf2",
                                                             "$pbkdf2-sha256",
                                                             "$pbkdf2-sha512",
                                                             "$scrypt",
                                                             "$sha1",
                                                             "$sm3",
                                                             "$y",
                                                             "argon2",
                                                             "bcrypt",
                                                             "bcrypt_sha256",
                                                             "md5",
                                                             "pbkdf2_md5",
                                                             "pbkdf2_sha1",
                                                             "pbkdf2_sha256",
                                                             "scrypt",
                                                             "sha1"};

/// The first scheme whose prefix matches is the one. Consecutive schemes of the same name are listed once.
constexpr std::array kSchemes = {&kArgon2id,
                                 &kArgon2i,
                                 &kPbkdf2Sha256,
                                 &kPbkdf2Sha1,
                                 &kModularPbkdf2Sha1,
                                 &kModularPbkdf2Sha256,
                                 &kModularPbkdf2Sha512,
                                 &kBcryptSha256,
                                 &kBcryptA,
                                 &kBcryptB,
                                 &kBcryptY,
                                 &kScrypt,
                                 &kYescrypt,
                                 &kGostYescrypt,
                                 &kSha512CryptRounds,
                                 &kSha512Crypt,
                                 &kSha256CryptRounds,
                                 &kSha256Crypt,
                                 &kWrappedDes,
                                 &kWrapped};

const StoredScheme* scheme_of(std::string_view stored) noexcept {
  const auto* const found =
      std::find_if(kSchemes.begin(), kSchemes.end(),
                   [stored](const StoredScheme* scheme) { return stored.starts_with(scheme->prefix); });
  return found == kSchemes.end() ? nullptr : *found;
}

std::string names_of_schemes() {
  std::string names;
  std::string_view last;
  for (const StoredScheme* const scheme : kSchemes) {
    if (scheme->name == last) continue;
    if (!names.empty()) names += ", ";
    names += scheme->name;
    last = scheme->name;
  }
  return names;
}

/// Without what an error adds to it.
std::string_view label_of(const StoredScheme& scheme) noexcept {
  return scheme.name.substr(0, scheme.name.find(' '));
}

/// The name alone, if it is one of a scheme that others write: `argon2i` from `$argon2i$...`, `pbkdf2_md5`
/// from `pbkdf2_md5$...`. Anything else before a `$` may be part of a password in clear text.
std::string_view scheme_name(std::string_view stored) noexcept {
  const std::size_t end = stored.find('$', 1);
  if (end == std::string_view::npos) return "none that can be told";
  const std::string_view name = stored.substr(0, end);
  if (std::find(kNamesOfOthers.begin(), kNamesOfOthers.end(), name) == kNamesOfOthers.end()) {
    return "none that can be told";
  }
  return name.starts_with('$') ? name.substr(1) : name;
}

/// Whether HMAC may make the same key from another password: from the digest of one over a block, if that
/// digest is text, or from one over a block whose digest this is. A digest that ends in NULs is a shorter
/// key as well. Nobody need fear to meet such a text by chance, and whoever makes one knows both.
bool may_be_folded(std::string_view password, const EVP_MD* hash) {
  const auto digest_bytes = static_cast<std::size_t>(EVP_MD_get_size(hash));
  const auto block_bytes = static_cast<std::size_t>(EVP_MD_get_block_size(hash));
  if (password.size() <= block_bytes) return password.size() == digest_bytes;
  SecretBytes<EVP_MAX_MD_SIZE> digest;
  if (EVP_Digest(password.data(), password.size(), digest.data(), nullptr, hash, nullptr) != 1) return true;
  std::string_view key(reinterpret_cast<const char*>(digest.data()), digest_bytes);
  while (key.ends_with('\0')) key.remove_suffix(1);
  return is_password(key) && is_utf8(key);
}

std::string_view why_folded(std::string_view password, const EVP_MD* hash) {
  if (!may_be_folded(password, hash)) return {};
  return "HMAC sees a long password as its digest, and this one may stand for another";
}

tl::unexpected<Error> too_long() {
  return failure(ErrorCode::kInvalid, fmt::format("the password is over {} bytes", kMaxPasswordBytes));
}

}  // namespace

Result<void> check_hash_settings(const HashSettings& settings) {
  if (settings.memory_bytes < kMinHashMemoryBytes || settings.memory_bytes > kMaxHashMemoryBytes) {
    return failure(ErrorCode::kInvalid,
                   fmt::format("hash_memory is {} bytes: it goes from {} MiB to {} MiB",
                               settings.memory_bytes, kMinHashMemoryBytes >> 20, kMaxHashMemoryBytes >> 20));
  }
  if (settings.passes < kMinHashPasses || settings.passes > kMaxHashPasses) {
    return failure(ErrorCode::kInvalid, fmt::format("hash_passes is {}: it goes from {} to {}",
                                                    settings.passes, kMinHashPasses, kMaxHashPasses));
  }
  return {};
}

Result<std::string> make_hash(std::string_view password, const HashSettings& settings) {
  if (password.size() > kMaxPasswordBytes) return too_long();
  std::array<char, crypto_pwhash_argon2id_STRBYTES> text{};
  if (crypto_pwhash_argon2id_str(text.data(), password.data(), password.size(), settings.passes,
                                 settings.memory_bytes) != 0) {
    return no_hash_memory();
  }
  return std::string(text.data());
}

Result<std::string_view> hash_kind(std::string_view stored) {
  const StoredScheme* const scheme = stored.size() <= kMaxStoredHashBytes ? scheme_of(stored) : nullptr;
  if (scheme == nullptr) {
    return failure(
        ErrorCode::kInvalid,
        fmt::format(
            "the stored password hash has a scheme that this Latchkey does not read ({}); it reads {}",
            scheme_name(stored.substr(0, kMaxStoredHashBytes)), names_of_schemes()));
  }
  LATCHKEY_TRY(const std::size_t size, scheme->check(stored));
  return stored.substr(0, size);
}

Result<void> check_stored_hash(std::string_view stored) {
  LATCHKEY_TRY(hash_kind(stored));
  return {};
}

std::vector<std::string_view> hash_prefixes() {
  std::vector<std::string_view> prefixes;
  prefixes.reserve(kSchemes.size());
  for (const StoredScheme* const scheme : kSchemes) prefixes.push_back(scheme->prefix);
  return prefixes;
}

std::vector<std::string_view> scheme_labels() {
  static_assert(kSchemes.size() <= kMaxSchemes);
  std::vector<std::string_view> labels;
  for (const StoredScheme* const scheme : kSchemes) {
    if (labels.empty() || labels.back() != label_of(*scheme)) labels.push_back(label_of(*scheme));
  }
  return labels;
}

std::size_t scheme_place(std::string_view stored) noexcept {
  const StoredScheme* const found = scheme_of(stored);
  if (found == nullptr) return 0;
  std::size_t place = 0;
  for (std::size_t i = 1; i < kSchemes.size() && label_of(*kSchemes[i - 1]) != label_of(*found); ++i) {
    if (label_of(*kSchemes[i]) != label_of(*kSchemes[i - 1])) ++place;
  }
  return place;
}

Result<bool> verify_password(std::string_view password, std::string_view stored) {
  if (password.size() > kMaxPasswordBytes) return too_long();
  LATCHKEY_TRY(check_stored_hash(stored));
  return scheme_of(stored)->verify(password, stored);
}

std::string_view why_not_whole(std::string_view password, std::string_view stored) {
  const StoredScheme* const scheme = scheme_of(stored);
  LATCHKEY_ASSERT(scheme != nullptr);
  switch (scheme->reach) {
    case PasswordReach::kWhole:
      return {};
    case PasswordReach::kFirst72Bytes:
      return password.size() < kMaxBcryptPasswordBytes
                 ? std::string_view{}
                 : "bcrypt sees 72 bytes of a password, and this one has as many or more";
    case PasswordReach::kFirst8Bytes:
      return password.size() < kDesPasswordBytes
                 ? std::string_view{}
                 : "DES sees 8 bytes of a password, and this one has as many or more";
    case PasswordReach::kHmacSha1Key:
      return why_folded(password, EVP_sha1());
    case PasswordReach::kHmacSha256Key:
      return why_folded(password, EVP_sha256());
    case PasswordReach::kHmacSha512Key:
      return why_folded(password, EVP_sha512());
  }
  return {};
}

bool is_password(std::string_view password) noexcept {
  return !password.empty() && password.find('\0') == std::string_view::npos;
}

bool needs_rehash(std::string_view stored, const HashSettings& settings) {
  const Result<std::string_view> kind = hash_kind(stored);
  return !kind || *kind != fmt::format("$argon2id$v=19$m={},t={},p=1$", settings.memory_bytes / kBytesPerKib,
                                       settings.passes);
}

}  // namespace latchkey::credential
