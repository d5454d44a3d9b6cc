#include "latchkey/net/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>

#include "latchkey/base/assert.h"

namespace latchkey::net {

namespace {

constexpr int kV4Bits = 32;
constexpr int kV6Bits = 128;
constexpr int kMappedBits = kV6Bits - kV4Bits;  // Bits before the IPv4 address in its mapped form.
constexpr std::size_t kGroups = 8;

constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/// The longest run of two or more zero groups; the first if several are equally long (RFC 5952 §4.2). `end ==
/// start` if there is none.
struct ZeroRun {
  std::size_t start = 0;
  std::size_t end = 0;
};

ZeroRun longest_zero_run(const std::array<std::uint16_t, kGroups>& groups) noexcept {
  ZeroRun best;
  for (std::size_t i = 0; i < kGroups; ++i) {
    std::size_t end = i;
    while (end < kGroups && groups[end] == 0) ++end;
    if (end - i >= 2 && end - i > best.end - best.start) best = {i, end};
    i = std::max(i, end);
  }
  return best;
}

/// Reads a decimal number of at most `most`, without sign or leading zeros; -1 for any other text.
int parse_number(std::string_view text, int most) noexcept {
  if (text.empty() || (text.size() > 1 && text.front() == '0') || text.front() == '-') return -1;
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && value <= most ? value : -1;
}

std::array<std::uint64_t, 2> words_of(const IpAddress& address) noexcept {
  std::array<std::uint64_t, 2> words{};
  std::memcpy(words.data(), address.bytes().data(), sizeof words);
  return words;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) noexcept {
  // inet_pton is strict (no octal, no shorthand, no zone) but needs a terminated string.
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) return std::nullopt;
  std::copy(text.begin(), text.end(), terminated.begin());

  IpAddress address;
  if (text.find(':') != std::string_view::npos) {
    if (inet_pton(AF_INET6, terminated.data(), address.bytes_.data()) != 1) return std::nullopt;
    return address;
  }
  std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), address.bytes_.begin());
  if (inet_pton(AF_INET, terminated.data(), address.bytes_.data() + kMappedPrefix.size()) != 1)
    return std::nullopt;
  return address;
}

std::optional<IpAddress> IpAddress::from_sockaddr(const sockaddr& address) noexcept {
  const std::optional<Endpoint> endpoint = Endpoint::from_sockaddr(address);
  if (!endpoint) return std::nullopt;
  return endpoint->address;
}

bool IpAddress::is_v4() const noexcept {
  return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes_.begin());
}

bool IpAddress::is_loopback() const noexcept {
  constexpr std::uint8_t kLoopbackV4 = 127;
  if (is_v4()) return bytes_[kMappedPrefix.size()] == kLoopbackV4;
  const bool zeros =
      std::all_of(bytes_.begin(), bytes_.end() - 1, [](std::uint8_t byte) { return byte == 0; });
  return zeros && bytes_.back() == 1;
}

std::string IpAddress::to_text() const {
  if (is_v4()) return fmt::format("{}.{}.{}.{}", bytes_[12], bytes_[13], bytes_[14], bytes_[15]);
  std::array<std::uint16_t, kGroups> groups{};
  for (std::size_t i = 0; i < kGroups; ++i) {
    groups[i] = static_cast<std::uint16_t>((bytes_[2 * i] << 8) | bytes_[2 * i + 1]);
  }
  const ZeroRun run = longest_zero_run(groups);
  std::string text;
  for (std::size_t i = 0; i < kGroups; ++i) {
    if (run.end > run.start && i == run.start) {
      text += "::";
      i = run.end - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    text += fmt::format("{:x}", groups[i]);
  }
  return text;
}

IpAddress IpAddress::masked(int prefix_v4, int prefix_v6) const noexcept {
  LATCHKEY_ASSERT(prefix_v4 >= 0 && prefix_v4 <= kV4Bits && prefix_v6 >= 0 && prefix_v6 <= kV6Bits);
  const int prefix = is_v4() ? kMappedBits + prefix_v4 : prefix_v6;
  IpAddress result = *this;
  for (int i = 0; i < static_cast<int>(kBytes); ++i) {
    const int kept_bits = std::clamp(prefix - 8 * i, 0, 8);
    result.bytes_[static_cast<std::size_t>(i)] &= static_cast<std::uint8_t>(0xff00 >> kept_bits);
  }
  return result;
}

Result<Endpoint> Endpoint::parse(std::string_view text) {
  const auto invalid = [text](const char* what) {
    return failure(ErrorCode::kInvalid, fmt::format("\"{}\" is not an address and port: {}", text, what));
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return invalid("write it as 127.0.0.1:8080 or [::1]:8080");
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (!bracketed && host.find(':') != std::string_view::npos) {
    return invalid("an IPv6 address stands in brackets, as in [::1]:8080");
  }
  const std::optional<IpAddress> address = IpAddress::parse(host);
  if (!address || (bracketed && host.find(':') == std::string_view::npos)) {
    return invalid("what stands before the last colon is not an IP address (a name is not looked up)");
  }
  const int port = parse_number(text.substr(colon + 1), 65535);
  if (port < 0) return invalid("the port is a number from 0 to 65535");
  return Endpoint{*address, static_cast<std::uint16_t>(port)};
}

std::optional<Endpoint> Endpoint::from_sockaddr(const sockaddr& address) noexcept {
  if (address.sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof in);
    std::array<std::uint8_t, 4> quad{};
    std::memcpy(quad.data(), &in.sin_addr, quad.size());
    return Endpoint{IpAddress::from_v4(quad[0], quad[1], quad[2], quad[3]), ntohs(in.sin_port)};
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 in6{};
    std::memcpy(&in6, &address, sizeof in6);
    std::array<std::uint8_t, IpAddress::kBytes> bytes{};
    std::memcpy(bytes.data(), &in6.sin6_addr, bytes.size());
    return Endpoint{IpAddress(bytes), ntohs(in6.sin6_port)};
  }
  return std::nullopt;
}

socklen_t Endpoint::to_sockaddr(sockaddr_storage& out) const noexcept {
  out = sockaddr_storage{};
  if (address.is_v4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, address.bytes().data() + kMappedPrefix.size(), sizeof in.sin_addr);
    std::memcpy(&out, &in, sizeof in);
    return sizeof in;
  }
  sockaddr_in6 in6{};
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(port);
  std::memcpy(&in6.sin6_addr, address.bytes().data(), sizeof in6.sin6_addr);
  std::memcpy(&out, &in6, sizeof in6);
  return sizeof in6;
}

std::string Endpoint::to_text() const {
  return address.is_v4() ? fmt::format("{}:{}", address.to_text(), port)
                         : fmt::format("[{}]:{}", address.to_text(), port);
}

Result<Network> Network::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::optional<IpAddress> address = IpAddress::parse(text.substr(0, slash));
  if (!address) {
    return failure(ErrorCode::kInvalid,
                   fmt::format("\"{}\" is not a network: write it as 10.0.0.0/8 or 2001:db8::/32", text));
  }
  const int bits = address->is_v4() ? kV4Bits : kV6Bits;
  int prefix = bits;
  if (slash != std::string_view::npos) {
    prefix = parse_number(text.substr(slash + 1), bits);
    if (prefix < 0) {
      return failure(ErrorCode::kInvalid,
                     fmt::format("\"{}\" is not a network: its prefix is a number from 0 to {}", text, bits));
    }
  }
  const Network network(address->masked(std::min(prefix, kV4Bits), prefix), prefix);
  if (network.address_ != *address) {
    return failure(ErrorCode::kInvalid,
                   fmt::format("\"{}\" has bits set behind its prefix: write {}", text, network.to_text()));
  }
  return network;
}

Network::Network(const IpAddress& address, int prefix) noexcept : address_(address), prefix_(prefix) {
  const int prefix_v6 = address.is_v4() ? kMappedBits + prefix : prefix;
  std::array<std::uint8_t, IpAddress::kBytes> ones{};
  ones.fill(0xff);
  mask_ = words_of(IpAddress(ones).masked(0, prefix_v6));
}

bool Network::contains(const IpAddress& address) const noexcept {
  const std::array<std::uint64_t, 2> theirs = words_of(address);
  const std::array<std::uint64_t, 2> ours = words_of(address_);
  const bool in_prefix = (((theirs[0] ^ ours[0]) & mask_[0]) | ((theirs[1] ^ ours[1]) & mask_[1])) == 0;
  return in_prefix && address.is_v4() == address_.is_v4();
}

std::string Network::to_text() const { return fmt::format("{}/{}", address_.to_text(), prefix_); }

}  // namespace latchkey::net
