// ForwardingWatch logs that a proxy is in front of the server and that the settings do not know of it, or of
// how it names its clients (C-34). Nothing else shows this: every client then counts as the proxy, and a
// token of one admits any of them. A repeated check does not ask it. It is asked once per connection, when a
// request's binding differs from its connection's last one, and at each password.
// Thread: any; one object serves all cores.
#pragma once

#include <span>
#include <string_view>

#include "http/peer_notices.h"
#include "latchkey/base/clock.h"
#include "latchkey/base/log.h"
#include "latchkey/http/forwarded.h"
#include "latchkey/http/request.h"
#include "latchkey/net/address.h"

namespace latchkey::http {

/// What a log calls the other end of a Unix socket, which has no address.
inline constexpr std::string_view kUnixPeer = "unix";

/// Whether the request has one of the fields that proxies name their clients in.
inline bool has_forwarded_field(const RequestHead& head) noexcept {
  return head.has(KnownHeader::kXForwardedFor) || head.has(KnownHeader::kForwarded);
}

class ForwardingWatch {
 public:
  /// Lifetime: the arguments must outlive this object.
  ForwardingWatch(Log& log, std::span<const net::Network> trusted, ForwardedSource source) noexcept
      : log_(log), trusted_(trusted), source_(source) {}

  /// Call if a request has a forwarded field.
  void field_came(const net::IpAddress& peer, const RequestHead& head, BootTime now);
  /// Call if a token or a login depends on the remote address of a request. `address` is its
  /// `remote_address`.
  void address_counts(const net::IpAddress& peer, const net::IpAddress& address, const RequestHead& head,
                      BootTime now);
  /// Call if a token or a login depends on the remote address of a request from a Unix peer, which names no
  /// client. Such a request is refused.
  void unix_peer_named_nobody(const RequestHead& head, BootTime now);
  /// Call if a connection to a listener without the PROXY protocol opens with a header of that protocol.
  void proxy_header_came(const net::IpAddress& peer, BootTime now);
  /// Call if an untrusted peer connects to a listener for the PROXY protocol.
  void stranger_came(const net::IpAddress& peer, BootTime now);

 private:
  void warn_untrusted(const net::IpAddress& peer, std::string_view field, BootTime now);
  void warn_nameless(const net::IpAddress& peer, std::string_view peer_text, std::string_view effect,
                     const RequestHead& head, BootTime now);

  Log& log_;
  const std::span<const net::Network> trusted_;
  const ForwardedSource source_;
  PeerNotices untrusted_;
  PeerNotices nameless_;
  PeerNotices proxy_headers_;
  PeerNotices strangers_;
};

}  // namespace latchkey::http
