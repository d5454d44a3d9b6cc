// Addresses as values: an IP address, an endpoint (address and port) and a network (CIDR). They copy freely,
// own nothing, and may be used from any thread. IPv4 lives in its IPv4-mapped IPv6 form, so that both
// spellings of an address are one address (C-34).
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

/// 128 bits in network order; IPv4 is `::ffff:a.b.c.d`. The default is `::`.
class IpAddress {
 public:
  static constexpr std::size_t kBytes = 16;

  constexpr IpAddress() = default;
  explicit constexpr IpAddress(const std::array<std::uint8_t, kBytes>& bytes) : bytes_(bytes) {}
  static constexpr IpAddress from_v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
    return IpAddress({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d});
  }

  /// Dotted quad without leading zeros, or IPv6 by RFC 4291 §2.2 without brackets, zone or prefix; nothing
  /// around it. Nothing for any other text.
  static std::optional<IpAddress> parse(std::string_view text) noexcept;

  /// The address of an AF_INET or AF_INET6 socket address; nothing for any other family.
  static std::optional<IpAddress> from_sockaddr(const sockaddr& address) noexcept;

  bool is_v4() const noexcept;
  /// 127.0.0.0/8 or ::1.
  bool is_loopback() const noexcept;
  std::span<const std::uint8_t, kBytes> bytes() const noexcept { return bytes_; }

  /// RFC 5952 for IPv6, dotted quad for IPv4 (mapped or not).
  std::string to_text() const;

  /// All bits behind the prefix cleared: `prefix_v4` (0..32) counts for an IPv4 address, `prefix_v6` (0..128)
  /// for any other.
  IpAddress masked(int prefix_v4, int prefix_v6) const noexcept;

  auto operator<=>(const IpAddress&) const = default;

 private:
  std::array<std::uint8_t, kBytes> bytes_{};
};

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;

  /// `127.0.0.1:8080` or `[::1]:80`; the port is 0..65535 without leading zeros. Error kInvalid says what is
  /// wrong.
  static Result<Endpoint> parse(std::string_view text);

  /// The end of an AF_INET or AF_INET6 socket; nothing for any other family.
  static std::optional<Endpoint> from_sockaddr(const sockaddr& address) noexcept;

  /// Fills an AF_INET address for IPv4, AF_INET6 for IPv6, and says how many bytes of it count.
  socklen_t to_sockaddr(sockaddr_storage& out) const noexcept;

  std::string to_text() const;
  auto operator<=>(const Endpoint&) const = default;
};

/// A CIDR block. The families are kept apart: `::/0` does not contain IPv4 addresses, `0.0.0.0/0` contains
/// those only.
class Network {
 public:
  /// `10.0.0.0/8`, `2001:db8::/32`, or a bare address for its full length. Error kInvalid says what is wrong;
  /// where bits are set behind the prefix it gives the right spelling.
  static Result<Network> parse(std::string_view text);

  bool contains(const IpAddress& address) const noexcept;
  std::string to_text() const;
  bool operator==(const Network&) const = default;

 private:
  Network(const IpAddress& address, int prefix) noexcept;

  IpAddress address_;
  std::array<std::uint64_t, 2>
      mask_{};      ///< The prefix's bits in memory order: `contains` runs once a request.
  int prefix_ = 0;  ///< In the family's own bits: 0..32 or 0..128.
};

}  // namespace latchkey::net
