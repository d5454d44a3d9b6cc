// Addresses as values: an IP address, an endpoint (address and port) and a network (CIDR). They own nothing
// and copy freely. An IPv4 address is stored in its IPv4-mapped IPv6 form, so both spellings of an address
// are the same address (C-34).
// Thread: any.
#pragma once

#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "latchkey/base/result.h"

namespace latchkey::net {

/// 128 bits in network order. IPv4 is `::ffff:a.b.c.d`. The default is `::`.
class IpAddress {
 public:
  static constexpr std::size_t kBytes = 16;

  constexpr IpAddress() = default;
  explicit constexpr IpAddress(const std::array<std::uint8_t, kBytes>& bytes) : bytes_(bytes) {}
  static constexpr IpAddress from_v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
    return IpAddress({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d});
  }

  /// Reads a dotted quad without leading zeros, or IPv6 by RFC 4291 §2.2 without brackets, zone or prefix.
  /// Returns nothing for any other text, also if anything surrounds the address.
  static std::optional<IpAddress> parse(std::string_view text) noexcept;

  /// The address in an AF_INET or AF_INET6 socket address; nothing for any other family.
  static std::optional<IpAddress> from_sockaddr(const sockaddr& address) noexcept;

  bool is_v4() const noexcept;
  /// 127.0.0.0/8 or ::1.
  bool is_loopback() const noexcept;
  std::span<const std::uint8_t, kBytes> bytes() const noexcept { return bytes_; }

  /// RFC 5952 for IPv6, dotted quad for IPv4 (mapped or not).
  std::string to_text() const;

  /// Clears all bits after the prefix: `prefix_v4` (0..32) applies to an IPv4 address, `prefix_v6` (0..128)
  /// to any other.
  IpAddress masked(int prefix_v4, int prefix_v6) const noexcept;

  auto operator<=>(const IpAddress&) const = default;

 private:
  std::array<std::uint8_t, kBytes> bytes_{};
};

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;

  /// Reads `127.0.0.1:8080` or `[::1]:80`. The port is 0..65535 without leading zeros.
  /// Errors: kInvalid says what is wrong.
  static Result<Endpoint> parse(std::string_view text);

  /// The endpoint in an AF_INET or AF_INET6 socket address; nothing for any other family.
  static std::optional<Endpoint> from_sockaddr(const sockaddr& address) noexcept;

  /// Fills in an AF_INET address for IPv4 and an AF_INET6 address for IPv6. Returns its length in bytes.
  socklen_t to_sockaddr(sockaddr_storage& out) const noexcept;

  std::string to_text() const;
  auto operator<=>(const Endpoint&) const = default;
};

/// A CIDR block. The families are kept apart: `::/0` contains no IPv4 address, and `0.0.0.0/0` contains only
/// those.
class Network {
 public:
  /// Reads `10.0.0.0/8`, `2001:db8::/32`, or a bare address, which is a network of full length.
  /// Errors: kInvalid says what is wrong. If bits after the prefix are set, it gives the right spelling.
  static Result<Network> parse(std::string_view text);

  bool contains(const IpAddress& address) const noexcept;
  std::string to_text() const;
  bool operator==(const Network&) const = default;

 private:
  Network(const IpAddress& address, int prefix) noexcept;

  IpAddress address_;
  std::array<std::uint64_t, 2>
      mask_{};      ///< The prefix's bits in memory order: `contains` runs once per request.
  int prefix_ = 0;  ///< In the family's own bits: 0..32 or 0..128.
};

}  // namespace latchkey::net
