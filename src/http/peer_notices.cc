#include "http/peer_notices.h"

#include <string_view>

namespace latchkey::http {

namespace {

constexpr int kPrefixV4 = 32;
constexpr int kPrefixV6 = 64;

}  // namespace

std::optional<std::uint64_t> PeerNotices::due(const net::IpAddress& peer, BootTime now) noexcept {
  const net::IpAddress network = peer.masked(kPrefixV4, kPrefixV6);
  const auto& bytes = network.bytes();
  return notices_.due({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, now);
}

}  // namespace latchkey::http
