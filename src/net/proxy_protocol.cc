#include "latchkey/net/proxy_protocol.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace latchkey::net {

namespace {

using Status = ProxyHeader::Status;

constexpr std::string_view kV1Start = "PROXY ";
constexpr std::string_view kV2Signature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kV2FixedBytes = 16;
constexpr std::size_t kV2Inet4Bytes = 12;  // Two addresses, two ports.
constexpr std::size_t kV2Inet6Bytes = 36;

ProxyHeader incomplete() noexcept { return {}; }
ProxyHeader refused(const char* reason) noexcept { return {Status::kRefused, 0, std::nullopt, reason}; }
ProxyHeader complete(std::size_t consumed, std::optional<Endpoint> source = std::nullopt) noexcept {
  return {Status::kComplete, consumed, source, ""};
}

bool agrees(std::string_view bytes, std::string_view pattern) noexcept {
  const std::size_t common = std::min(bytes.size(), pattern.size());
  return bytes.substr(0, common) == pattern.substr(0, common);
}

/// Cuts off and returns the text before the next blank, or all of it if there is none.
std::string_view next_word(std::string_view& line) noexcept {
  const std::size_t blank = line.find(' ');
  const std::string_view word = line.substr(0, blank);
  line.remove_prefix(blank == std::string_view::npos ? line.size() : blank + 1);
  return word;
}

std::optional<std::uint16_t> parse_port(std::string_view text) noexcept {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

/// Reads `TCP4 192.0.2.1 192.0.2.2 56324 443`, without what surrounds it.
std::optional<Endpoint> parse_v1_addresses(std::string_view line) noexcept {
  const std::string_view family = next_word(line);
  const std::string_view source_text = next_word(line);
  const std::string_view destination_text = next_word(line);
  const std::optional<std::uint16_t> source_port = parse_port(next_word(line));
  if (!source_port || !parse_port(line)) return std::nullopt;

  const auto parse_of_family = [family](std::string_view text) -> std::optional<IpAddress> {
    const bool written_as_v6 = text.find(':') != std::string_view::npos;
    if (family != (written_as_v6 ? "TCP6" : "TCP4")) return std::nullopt;
    return IpAddress::parse(text);
  };
  const std::optional<IpAddress> source = parse_of_family(source_text);
  if (!source || !parse_of_family(destination_text)) return std::nullopt;
  return Endpoint{*source, *source_port};
}

ProxyHeader parse_v1(std::string_view bytes) noexcept {
  const std::string_view window = bytes.substr(0, kMaxProxyV1Bytes);
  const std::size_t end = window.find('\n');
  if (end == std::string_view::npos) {
    return window.size() == kMaxProxyV1Bytes ? refused("PROXY header longer than 107 bytes") : incomplete();
  }
  if (end <= kV1Start.size() || window[end - 1] != '\r') return refused("PROXY header ends without CRLF");
  const std::string_view line = window.substr(kV1Start.size(), end - 1 - kV1Start.size());
  // The receiver must ignore whatever follows UNKNOWN (§2.1).
  if (line == "UNKNOWN" || line.starts_with("UNKNOWN ")) return complete(end + 1);
  const std::optional<Endpoint> source = parse_v1_addresses(line);
  if (!source) return refused("PROXY header with malformed addresses");
  return complete(end + 1, source);
}

std::uint8_t byte_at(std::string_view bytes, std::size_t index) noexcept {
  return static_cast<std::uint8_t>(bytes[index]);
}

std::uint16_t word_at(std::string_view bytes, std::size_t index) noexcept {
  return static_cast<std::uint16_t>((byte_at(bytes, index) << 8) | byte_at(bytes, index + 1));
}

ProxyHeader parse_v2_proxied(std::string_view header) noexcept {
  constexpr std::uint8_t kUnspecified = 0x00;
  constexpr std::uint8_t kTcp4 = 0x11;
  constexpr std::uint8_t kTcp6 = 0x21;
  constexpr std::uint8_t kUnixStream = 0x31;
  const std::string_view addresses = header.substr(kV2FixedBytes);
  switch (byte_at(header, 13)) {
    case kUnspecified:
    case kUnixStream:
      return complete(header.size());
    case kTcp4: {
      if (addresses.size() < kV2Inet4Bytes)
        return refused("PROXY v2 header too short for its IPv4 addresses");
      const IpAddress source = IpAddress::from_v4(byte_at(addresses, 0), byte_at(addresses, 1),
                                                  byte_at(addresses, 2), byte_at(addresses, 3));
      return complete(header.size(), Endpoint{source, word_at(addresses, 8)});
    }
    case kTcp6: {
      if (addresses.size() < kV2Inet6Bytes)
        return refused("PROXY v2 header too short for its IPv6 addresses");
      std::array<std::uint8_t, IpAddress::kBytes> source{};
      for (std::size_t i = 0; i < source.size(); ++i) source[i] = byte_at(addresses, i);
      return complete(header.size(), Endpoint{IpAddress(source), word_at(addresses, 32)});
    }
    default:
      return refused("PROXY v2 header of a family or protocol other than TCP");
  }
}

ProxyHeader parse_v2(std::string_view bytes) noexcept {
  if (bytes.size() < kV2FixedBytes) return incomplete();
  const std::uint8_t version_and_command = byte_at(bytes, 12);
  if (version_and_command != 0x20 && version_and_command != 0x21) {
    return refused("PROXY v2 header with an unknown version or command");
  }
  const std::size_t header_bytes = kV2FixedBytes + word_at(bytes, 14);
  if (header_bytes > kMaxProxyV2Bytes) return refused("PROXY v2 header longer than 1024 bytes");
  if (bytes.size() < header_bytes) return incomplete();
  // LOCAL: the proxy speaks for itself (a health check). Its address block must be skipped (§2.2).
  if (version_and_command == 0x20) return complete(header_bytes);
  return parse_v2_proxied(bytes.substr(0, header_bytes));
}

}  // namespace

ProxyHeader parse_proxy_header(std::string_view bytes) noexcept {
  if (agrees(bytes, kV1Start)) return bytes.size() < kV1Start.size() ? incomplete() : parse_v1(bytes);
  if (agrees(bytes, kV2Signature)) return bytes.size() < kV2Signature.size() ? incomplete() : parse_v2(bytes);
  return refused("no PROXY header where one is required");
}

bool begins_as_proxy_header(std::string_view bytes) noexcept {
  return bytes.starts_with(kV1Start) || bytes.starts_with(kV2Signature);
}

}  // namespace latchkey::net
