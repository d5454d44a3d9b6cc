// Finds the remote address of a request that came through trusted proxies (C-34). Pure functions over field
// values; any thread, no allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "latchkey/http/request.h"
#include "latchkey/net/address.h"

namespace latchkey::http {

/// The one field that proxies are trusted to set; the other is ignored.
enum class ForwardedSource : std::uint8_t { kXForwardedFor, kForwarded };

constexpr KnownHeader field_of(ForwardedSource source) noexcept {
  return source == ForwardedSource::kXForwardedFor ? KnownHeader::kXForwardedFor : KnownHeader::kForwarded;
}

/// How many hops are followed. A chain with more trusted proxies ends the walk as a malformed element does.
inline constexpr std::size_t kMaxForwardedHops = 32;

/// Whether one of the networks contains the address.
bool is_trusted(const net::IpAddress& address, std::span<const net::Network> trusted) noexcept;

/// The peer's address, unless the peer is in `trusted`: then the rightmost address of `lines` (the values of
/// the source's field, in order of arrival) that is not in `trusted`. The peer's address also where an
/// element on the way there is no address (obfuscated and `unknown` nodes, empty elements) and where all are
/// trusted. Ports are dropped.
net::IpAddress remote_address(const net::IpAddress& peer, std::span<const net::Network> trusted,
                              ForwardedSource source, std::span<const std::string_view> lines) noexcept;

/// The same with the lines that `head` has.
net::IpAddress remote_address(const net::IpAddress& peer, std::span<const net::Network> trusted,
                              ForwardedSource source, const RequestHead& head) noexcept;

/// What the last element of the source's field says, which the peer itself has written if it is a proxy;
/// nothing where that is no address, or there is none.
std::optional<net::IpAddress> last_hop(ForwardedSource source, const RequestHead& head) noexcept;

/// Where a client sent its request.
struct Site {
  std::string_view scheme;     ///< empty where nobody says
  std::string_view authority;  ///< `host[:port]`, not looked at; empty where there is none
};

/// By `Host`, or what a trusted peer says instead: `proto` and `host` in the element of `Forwarded` that
/// names the remote address, or the last elements of `X-Forwarded-Proto` and `X-Forwarded-Host`, which are
/// the last hop's, as `source` has it.
Site site_of(const net::IpAddress& peer, std::span<const net::Network> trusted, ForwardedSource source,
             const RequestHead& head) noexcept;

/// Whether a trusted peer says that the client came over TLS: by `proto` in the element of `Forwarded` that
/// names the remote address, or by the last element of `X-Forwarded-Proto`, which is the last hop's, as
/// `source` has it. False from anyone else, and for what is malformed.
bool came_over_https(const net::IpAddress& peer, std::span<const net::Network> trusted,
                     ForwardedSource source, const RequestHead& head) noexcept;

}  // namespace latchkey::http
