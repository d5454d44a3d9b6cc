// Finds the remote address of a request that came through trusted proxies (C-34).
// Thread: any; all are pure functions over field values and allocate nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "latchkey/http/request.h"
#include "latchkey/net/address.h"

namespace latchkey::http {

/// The field that proxies are trusted to set. The other one is ignored.
enum class ForwardedSource : std::uint8_t { kXForwardedFor, kForwarded };

constexpr KnownHeader field_of(ForwardedSource source) noexcept {
  return source == ForwardedSource::kXForwardedFor ? KnownHeader::kXForwardedFor : KnownHeader::kForwarded;
}

/// The most hops that are followed. Further trusted proxies end the walk as a malformed element does.
inline constexpr std::size_t kMaxForwardedHops = 32;

/// Whether one of the networks contains the address.
bool is_trusted(const net::IpAddress& address, std::span<const net::Network> trusted) noexcept;

/// The client that a trusted peer names: the rightmost address of the source's field in `head` that is not in
/// `trusted`. Ports are dropped. Nothing if an element on the way is no address (obfuscated and `unknown`
/// nodes, empty elements), if all are trusted, or if there is no field.
std::optional<net::IpAddress> forwarded_address(std::span<const net::Network> trusted, ForwardedSource source,
                                                const RequestHead& head) noexcept;

/// The peer's address, unless the peer is in `trusted`. Then it is the rightmost address of `lines` that is
/// not in `trusted`; `lines` are the values of the source's field in order of arrival. Ports are dropped. If
/// an element on the way is no address (obfuscated and `unknown` nodes, empty elements), or if all are
/// trusted, the result is again the peer's address.
net::IpAddress remote_address(const net::IpAddress& peer, std::span<const net::Network> trusted,
                              ForwardedSource source, std::span<const std::string_view> lines) noexcept;

/// The same with the lines in `head`.
net::IpAddress remote_address(const net::IpAddress& peer, std::span<const net::Network> trusted,
                              ForwardedSource source, const RequestHead& head) noexcept;

/// The last element of the source's field. If the peer is a proxy, the peer itself wrote it. Nothing if it is
/// no address or does not exist.
std::optional<net::IpAddress> last_hop(ForwardedSource source, const RequestHead& head) noexcept;

/// Where a client sent its request.
struct Site {
  std::string_view scheme;     ///< empty if nobody says
  std::string_view authority;  ///< `host[:port]`, not validated; empty if there is none
};

/// The site that `Host` names, or that a peer names instead if it is trusted: a `trusted_proxy`, or any at a
/// Unix socket. For `Forwarded`, that is `proto` and
/// `host` in the element that names the remote address. For `X-Forwarded-For`, it is the last elements of
/// `X-Forwarded-Proto` and `X-Forwarded-Host`, which the last hop wrote. `source` selects between them.
Site site_of(bool is_trusted_peer, std::span<const net::Network> trusted, ForwardedSource source,
             const RequestHead& head) noexcept;

/// Whether a trusted peer says that the client came over TLS: in the scheme that `site_of` takes from that
/// peer. False for any other peer, and for malformed fields.
bool came_over_https(bool is_trusted_peer, std::span<const net::Network> trusted, ForwardedSource source,
                     const RequestHead& head) noexcept;

}  // namespace latchkey::http
