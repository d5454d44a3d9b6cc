#include "credential/old_digest.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <span>

#include "credential/crypt_library.h"
#include "credential/stored_scheme.h"
#include "latchkey/base/hex.h"

namespace latchkey::credential {

namespace {

struct Row {
  OldDigest digest;
  std::string_view name;
  std::size_t characters;
};

constexpr std::array kRows = {Row{OldDigest::kMd5, "md5", 32},
                              Row{OldDigest::kSha1, "sha1", 40},
                              Row{OldDigest::kSha256, "sha256", 64},
                              Row{OldDigest::kSha512, "sha512", 128},
                              Row{OldDigest::kMd5OfSalt, "smd5", 32},
                              Row{OldDigest::kSha1OfSalt, "ssha1", 40},
                              Row{OldDigest::kMd5Crypt, "md5crypt", 22},
                              Row{OldDigest::kApr1, "apr1", 22},
                              Row{OldDigest::kDes, "des", 11}};

const Row& row_of(OldDigest digest) noexcept {
  return *std::find_if(kRows.begin(), kRows.end(), [digest](const Row& row) { return row.digest == digest; });
}

/// A digest in the making, which its library wipes.
class Hasher {
 public:
  explicit Hasher(const EVP_MD* hash) : hash_(hash), context_(EVP_MD_CTX_new()) { begin(); }
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;
  ~Hasher() { EVP_MD_CTX_free(context_); }

  Hasher& add(std::string_view text) {
    return add({reinterpret_cast<const unsigned char*>(text.data()), text.size()});
  }
  Hasher& add(std::span<const unsigned char> bytes) {
    is_good_ = is_good_ && EVP_DigestUpdate(context_, bytes.data(), bytes.size()) == 1;
    return *this;
  }
  /// Writes the digest and begins another.
  void take(unsigned char* out) {
    is_good_ = is_good_ && EVP_DigestFinal_ex(context_, out, nullptr) == 1;
    begin();
  }
  bool is_good() const noexcept { return is_good_; }

 private:
  void begin() {
    is_good_ = is_good_ && context_ != nullptr && EVP_DigestInit_ex(context_, hash_, nullptr) == 1;
  }

  const EVP_MD* hash_;
  EVP_MD_CTX* context_;
  bool is_good_ = true;
};

constexpr std::size_t kMd5Bytes = 16;
using Md5Digest = SecretBytes<kMd5Bytes>;

/// Two texts, one behind the other, as hexadecimal digits of their digest.
Result<SecretText> hex_of(const EVP_MD* hash, std::string_view first, std::string_view second) {
  SecretBytes<EVP_MAX_MD_SIZE> digest;
  Hasher hasher(hash);
  hasher.add(first).add(second).take(digest.data());
  if (!hasher.is_good()) return no_hash_memory();
  std::array<char, std::size_t{2} * EVP_MAX_MD_SIZE> digits{};
  const auto bytes = static_cast<std::size_t>(EVP_MD_get_size(hash));
  to_hex(digest.bytes().first(bytes), digits.data());
  SecretText text(std::string_view(digits.data(), 2 * bytes));
  wipe(digits.data(), digits.size());
  return text;
}

SecretText md5_crypt_text(const Md5Digest& digest) {
  // Which bytes go together, as the scheme's first implementation (FreeBSD's) has them.
  constexpr std::array<std::array<std::size_t, 3>, 5> kTriples{
      {{0, 6, 12}, {1, 7, 13}, {2, 8, 14}, {3, 9, 15}, {4, 10, 5}}};
  constexpr std::size_t kLast = 11;
  const auto byte = [&digest](std::size_t i) { return static_cast<unsigned>(digest.data()[i]); };
  std::string digits;
  digits.reserve(row_of(OldDigest::kApr1).characters);
  for (const auto& [high, middle, low] : kTriples)
    append_crypt_digits(digits, byte(high) << 16 | byte(middle) << 8 | byte(low), 4);
  append_crypt_digits(digits, byte(kLast), 2);
  SecretText text(digits);
  wipe(digits.data(), digits.size());
  return text;
}

/// md5-crypt, which libxcrypt has as $1$ but not with Apache's `magic`.
Result<SecretText> md5_crypt(std::string_view password, std::string_view salt, std::string_view magic) {
  constexpr int kRounds = 1000;
  constexpr std::array<unsigned char, 1> kNul{};
  Md5Digest digest;
  Hasher hasher(EVP_md5());
  hasher.add(password).add(salt).add(password).take(digest.data());
  hasher.add(password).add(magic).add(salt);
  for (std::size_t left = password.size(); left > 0; left -= std::min<std::size_t>(left, kMd5Bytes))
    hasher.add(std::span(digest.data(), std::min<std::size_t>(left, kMd5Bytes)));
  for (std::size_t bits = password.size(); bits > 0; bits >>= 1) {
    if ((bits & 1) != 0) {
      hasher.add(std::span<const unsigned char>(kNul));
    } else {
      hasher.add(password.substr(0, 1));
    }
  }
  hasher.take(digest.data());
  for (int round = 0; round < kRounds; ++round) {
    const std::string_view last(reinterpret_cast<const char*>(digest.data()), kMd5Bytes);
    const bool is_odd = round % 2 != 0;
    hasher.add(is_odd ? password : last);
    if (round % 3 != 0) hasher.add(salt);
    if (round % 7 != 0) hasher.add(password);
    hasher.add(is_odd ? last : password);
    hasher.take(digest.data());
  }
  if (!hasher.is_good()) return no_hash_memory();
  return md5_crypt_text(digest);
}

}  // namespace

std::string_view name_of(OldDigest digest) noexcept { return row_of(digest).name; }

std::optional<OldDigest> old_digest_named(std::string_view name) noexcept {
  const auto* const row =
      std::find_if(kRows.begin(), kRows.end(), [name](const Row& of) { return of.name == name; });
  return row == kRows.end() ? std::nullopt : std::optional(row->digest);
}

std::size_t digest_characters(OldDigest digest) noexcept { return row_of(digest).characters; }

Result<SecretText> digest_text(OldDigest digest, std::string_view password, std::string_view salt) {
  switch (digest) {
    case OldDigest::kMd5:
      return hex_of(EVP_md5(), password, salt);
    case OldDigest::kSha1:
      return hex_of(EVP_sha1(), password, salt);
    case OldDigest::kSha256:
      return hex_of(EVP_sha256(), password, salt);
    case OldDigest::kSha512:
      return hex_of(EVP_sha512(), password, salt);
    case OldDigest::kMd5OfSalt:
      return hex_of(EVP_md5(), salt, password);
    case OldDigest::kSha1OfSalt:
      return hex_of(EVP_sha1(), salt, password);
    case OldDigest::kMd5Crypt:
      return md5_crypt(password, salt, "$1$");
    case OldDigest::kApr1:
      return md5_crypt(password, salt, "$apr1$");
    case OldDigest::kDes:
      break;
  }
  LATCHKEY_TRY(const SecretText whole, make_by_crypt(password, salt, kDesPasswordBytes));
  return SecretText(whole.view().substr(std::min(salt.size(), whole.view().size())));
}

}  // namespace latchkey::credential
