// Token: 160 bits. A 16-bit tag names the user's shard, and 144 bits are the secret. Its text is 40
// lower-case hexadecimal digits. It is a secret, so it has no conversion for a log.
// Thread: any; it is a plain value.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "latchkey/base/hex.h"

namespace latchkey::token {

inline constexpr std::size_t kTagBytes = 2;
inline constexpr std::size_t kSecretBytes = 18;
inline constexpr std::size_t kTokenBytes = kTagBytes + kSecretBytes;
inline constexpr std::size_t kTokenDigits = 2 * kTokenBytes;

/// A keyed hash of the user. All tokens of a user have the same one, so they live in one shard.
using Tag = std::uint16_t;
using Secret = std::array<std::uint8_t, kSecretBytes>;

class Token {
 public:
  using Bytes = std::array<std::uint8_t, kTokenBytes>;
  using Digits = std::array<char, kTokenDigits>;

  Token() = default;
  Token(Tag tag, const Secret& secret) noexcept
      : bytes_{static_cast<std::uint8_t>(tag >> 8), static_cast<std::uint8_t>(tag & 0xFF)} {
    std::copy(secret.begin(), secret.end(), bytes_.begin() + kTagBytes);
  }

  /// Exactly 40 lower-case hexadecimal digits. Nothing for any other text: it is a token that nobody was
  /// given.
  static std::optional<Token> parse(std::string_view text) noexcept {
    Token token;
    if (!from_lower_hex(text, token.bytes_)) return std::nullopt;
    return token;
  }

  Digits digits() const noexcept {
    Digits digits;
    to_hex(bytes_, digits.data());
    return digits;
  }

  Tag tag() const noexcept { return static_cast<Tag>(bytes_[0] << 8 | bytes_[1]); }
  std::span<const std::uint8_t, kSecretBytes> secret() const noexcept {
    return std::span(bytes_).subspan<kTagBytes, kSecretBytes>();
  }
  const Bytes& bytes() const noexcept { return bytes_; }

  /// Not in constant time: for tests, and for tokens that are the caller's own.
  bool operator==(const Token&) const = default;

 private:
  Bytes bytes_{};
};

/// The shard, out of `shards`, that keeps the tokens with this tag.
constexpr std::uint32_t shard_of(Tag tag, std::uint32_t shards) noexcept { return tag * shards >> 16; }

}  // namespace latchkey::token
