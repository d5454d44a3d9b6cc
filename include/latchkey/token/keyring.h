// The keys of the server, all derived from the one root in the key file, each for one purpose: so none says
// anything about another. Made on the main thread before any core runs, and not changed after; any thread
// uses it. Keys are locked into memory where the kernel allows it.
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
  /// Derives everything from what a key file holds.
  explicit Keyring(const KeyFile& file);
  Keyring(Keyring&&) noexcept;
  Keyring& operator=(Keyring&&) noexcept;
  ~Keyring();

  /// A new root in a new key file, durable when this returns. Error kConflict where there is a file.
  static Result<Keyring> create(const std::string& path, Random& random);
  /// Errors as of `read_key_file`.
  static Result<Keyring> load(const std::string& path);
  /// The next signing number, durable when this returns; tokens signed before live on. Error kConflict after
  /// the last number.
  static Result<Keyring> rotate(const std::string& path);

  /// Names the root without telling it: 32 hexadecimal digits that the database keeps, so that it is never
  /// opened with another key.
  const std::string& fingerprint() const noexcept { return fingerprint_; }

  /// The number of the key that new tokens are signed with.
  std::uint8_t signing_number() const noexcept { return signing_; }

  Tag tag_of(std::int64_t user_id) const noexcept;
  /// The secret of a session's token. `number` is 1 to 255, any that was ever in use.
  Secret sign(std::uint8_t number, const store::SessionId& id) const noexcept;
  /// What the store knows a token by.
  store::LookupHash lookup_hash(const Token& token) const noexcept;
  /// What a page must show beside the token's cookie: known only to who can read the page.
  CsrfHash csrf_hash(const Token& token) const noexcept;
  /// SipHash-2-4 with 128 bits under the binding key (C-35).
  store::BindingHash binding_hash(std::span<const std::uint8_t> bytes) const noexcept;
  /// What the store knows a pair of user and address by (C-20): keyed BLAKE2b under a key of its own.
  std::array<std::uint8_t, 16> known_address_hash(std::span<const std::uint8_t> bytes) const noexcept;

 private:
  struct Keys;

  std::unique_ptr<Keys> keys_;
  std::uint8_t signing_;
  std::string fingerprint_;
};

}  // namespace latchkey::token
