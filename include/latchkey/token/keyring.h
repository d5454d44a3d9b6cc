// Keyring: the server's keys. All are derived from the one root in the key file, each for one purpose, so
// none reveals anything about another. Keys are locked into memory if the kernel allows it.
// Thread: made on the main thread before any core runs; unchanged after that but for the signing number,
// which is atomic. So any thread may use it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "latchkey/base/random.h"
#include "latchkey/base/result.h"
#include "latchkey/store/session.h"
#include "latchkey/token/format.h"
#include "token/key_file.h"

namespace latchkey::token {

using CsrfHash = std::array<std::uint8_t, 16>;

class Keyring {
 public:
  /// Derives all keys from the contents of a key file.
  explicit Keyring(const KeyFile& file);
  Keyring(Keyring&&) noexcept;
  Keyring& operator=(Keyring&&) noexcept;
  ~Keyring();

  /// Makes a new root in a new key file, durable when this returns.
  /// Errors: kConflict if the file exists.
  static Result<Keyring> create(const std::string& path, Random& random);
  /// Errors: as `read_key_file`.
  static Result<Keyring> load(const std::string& path);
  /// Identifies the root without revealing it: 32 hexadecimal digits. The database keeps them, so that it is
  /// never opened with another key.
  const std::string& fingerprint() const noexcept { return fingerprint_; }

  /// The number of the key that new tokens are signed with.
  std::uint8_t signing_number() const noexcept;
  /// Signs new tokens with this one from now on, 1 to 255. Those signed before stay valid.
  /// Thread: any.
  void sign_with(std::uint8_t number) const noexcept;

  Tag tag_of(std::int64_t user_id) const noexcept;
  /// The secret of a session's token. `number` is any signing number that was ever in use, 1 to 255.
  Secret sign(std::uint8_t number, const store::SessionId& id) const noexcept;
  /// The hash by which the store knows a token.
  store::LookupHash lookup_hash(const Token& token) const noexcept;
  /// The value that a page must show beside the token's cookie; only someone who can read the page knows it.
  CsrfHash csrf_hash(const Token& token) const noexcept;
  /// SipHash-2-4 with 128 bits under the binding key (C-35).
  store::BindingHash binding_hash(std::span<const std::uint8_t> bytes) const noexcept;
  /// The hash by which the store knows a pair of user and address (C-20): keyed BLAKE2b under a key of its
  /// own.
  std::array<std::uint8_t, 16> known_address_hash(std::span<const std::uint8_t> bytes) const noexcept;

 private:
  struct Keys;

  std::unique_ptr<Keys> keys_;
  std::string fingerprint_;
};

}  // namespace latchkey::token
