#include "latchkey/token/keyring.h"

#include <sodium.h>

#include <atomic>
#include <string_view>
#include <utility>

#include "latchkey/base/assert.h"
#include "latchkey/base/hex.h"

namespace latchkey::token {

namespace {

// The contexts of crypto_kdf, which separate the purposes. They never change, because tokens and databases
// depend on them.
constexpr char kTagContext[crypto_kdf_CONTEXTBYTES + 1] = "LkTagKey";
constexpr char kBindingContext[crypto_kdf_CONTEXTBYTES + 1] = "LkBindng";
constexpr char kLookupContext[crypto_kdf_CONTEXTBYTES + 1] = "LkLookup";
constexpr char kCsrfContext[crypto_kdf_CONTEXTBYTES + 1] = "LkCsrfTk";
constexpr char kKnownAddressContext[crypto_kdf_CONTEXTBYTES + 1] = "LkKnAddr";
constexpr char kSigningContext[crypto_kdf_CONTEXTBYTES + 1] = "LkSignng";
constexpr char kFingerprintContext[crypto_kdf_CONTEXTBYTES + 1] = "LkFngrpt";

constexpr std::size_t kFingerprintBytes = 16;

static_assert(kRootKeyBytes == crypto_kdf_KEYBYTES);
static_assert(kSecretBytes >= crypto_generichash_BYTES_MIN);
static_assert(sizeof(store::BindingHash) == crypto_shorthash_siphashx24_BYTES);

template <std::size_t N>
void derive(SecretBytes<N>& out, std::uint64_t number, const char* context, const KeyFile& file) noexcept {
  static_assert(N >= crypto_kdf_BYTES_MIN && N <= crypto_kdf_BYTES_MAX);
  crypto_kdf_derive_from_key(out.data(), N, number, context, file.root.data());
}

template <std::size_t N>
std::array<std::uint8_t, N> keyed_blake2b(std::span<const std::uint8_t> bytes,
                                          const SecretBytes<32>& key) noexcept {
  std::array<std::uint8_t, N> hash;
  crypto_generichash(hash.data(), N, bytes.data(), bytes.size(), key.data(), key.bytes().size());
  return hash;
}

std::string fingerprint_of(const KeyFile& file) {
  SecretBytes<32> key;
  derive(key, 1, kFingerprintContext, file);
  static constexpr std::array<std::uint8_t, 8> kText{'L', 'a', 't', 'c', 'h', 'k', 'e', 'y'};
  return to_hex(keyed_blake2b<kFingerprintBytes>(kText, key));
}

}  // namespace

struct Keyring::Keys {
  SecretBytes<crypto_shorthash_KEYBYTES> tag;
  SecretBytes<crypto_shorthash_siphashx24_KEYBYTES> binding;
  SecretBytes<32> lookup;
  SecretBytes<32> csrf;
  SecretBytes<32> known_address;
  std::array<SecretBytes<32>, kMaxSigningNumber> signing;  // [0] is number 1
  std::atomic<std::uint8_t> number = 1;

  // Best effort: if the limit of locked memory is lower, keys may be swapped out.
  Keys() { static_cast<void>(sodium_mlock(this, sizeof *this)); }
  ~Keys() { static_cast<void>(sodium_munlock(this, sizeof *this)); }
  Keys(const Keys&) = delete;
  Keys& operator=(const Keys&) = delete;
};

Keyring::Keyring(const KeyFile& file) {
  const int ready = sodium_init();
  LATCHKEY_ASSERT(ready >= 0 && file.signing >= 1);
  keys_ = std::make_unique<Keys>();
  keys_->number = file.signing;
  derive(keys_->tag, 1, kTagContext, file);
  derive(keys_->binding, 1, kBindingContext, file);
  derive(keys_->lookup, 1, kLookupContext, file);
  derive(keys_->csrf, 1, kCsrfContext, file);
  derive(keys_->known_address, 1, kKnownAddressContext, file);
  // All numbers, not only those up to the one in use: a key file restored from a backup may be behind.
  for (std::size_t i = 0; i < keys_->signing.size(); ++i) {
    derive(keys_->signing[i], i + 1, kSigningContext, file);
  }
  fingerprint_ = fingerprint_of(file);
}

Keyring::Keyring(Keyring&&) noexcept = default;
Keyring& Keyring::operator=(Keyring&&) noexcept = default;
Keyring::~Keyring() = default;

Result<Keyring> Keyring::create(const std::string& path, Random& random) {
  KeyFile file;
  random.fill(file.root.bytes());
  LATCHKEY_TRY(create_key_file(path, file));
  return Keyring(file);
}

Result<Keyring> Keyring::load(const std::string& path) {
  LATCHKEY_TRY(const KeyFile file, read_key_file(path));
  return Keyring(file);
}

std::uint8_t Keyring::signing_number() const noexcept {
  return keys_->number.load(std::memory_order_relaxed);
}

void Keyring::sign_with(std::uint8_t number) const noexcept {
  LATCHKEY_ASSERT(number >= 1);
  keys_->number.store(number, std::memory_order_relaxed);
}

Tag Keyring::tag_of(std::int64_t user_id) const noexcept {
  // Little-endian on every machine: the tag is part of tokens that outlive it.
  std::array<std::uint8_t, 8> id;
  for (std::size_t i = 0; i < id.size(); ++i) {
    id[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(user_id) >> (8 * i));
  }
  std::array<std::uint8_t, crypto_shorthash_BYTES> hash;
  crypto_shorthash(hash.data(), id.data(), id.size(), keys_->tag.data());
  return static_cast<Tag>(hash[0] << 8 | hash[1]);
}

Secret Keyring::sign(std::uint8_t number, const store::SessionId& id) const noexcept {
  LATCHKEY_ASSERT(number >= 1);
  return keyed_blake2b<kSecretBytes>(id, keys_->signing[number - 1U]);
}

store::LookupHash Keyring::lookup_hash(const Token& token) const noexcept {
  return keyed_blake2b<sizeof(store::LookupHash)>(token.bytes(), keys_->lookup);
}

CsrfHash Keyring::csrf_hash(const Token& token) const noexcept {
  return keyed_blake2b<sizeof(CsrfHash)>(token.bytes(), keys_->csrf);
}

store::BindingHash Keyring::binding_hash(std::span<const std::uint8_t> bytes) const noexcept {
  store::BindingHash hash;
  crypto_shorthash_siphashx24(hash.data(), bytes.data(), bytes.size(), keys_->binding.data());
  return hash;
}

std::array<std::uint8_t, 16> Keyring::known_address_hash(std::span<const std::uint8_t> bytes) const noexcept {
  return keyed_blake2b<16>(bytes, keys_->known_address);
}

}  // namespace latchkey::token
