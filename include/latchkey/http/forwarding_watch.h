// ForwardingWatch: says in the log where a proxy stands before the server and the settings do not know of it,
// or not of how it names its clients (C-34). Nothing else shows it: every client then counts as the proxy,
// and a token of one admits any of them. One object for all cores; any thread. Asked once a connection, or
// when a request is refused.
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

/// Whether the request has one of the fields in which proxies name their clients.
inline bool has_forwarded_field(const RequestHead& head) noexcept {
  return head.has(KnownHeader::kXForwardedFor) || head.has(KnownHeader::kForwarded);
}

class ForwardingWatch {
 public:
  /// What is passed in outlives it.
  ForwardingWatch(Log& log, std::span<const net::Network> trusted, ForwardedSource source) noexcept
      : log_(log), trusted_(trusted), source_(source) {}

  /// A request has a forwarded field.
  void field_came(const net::IpAddress& peer, const RequestHead& head, BootTime now);
  /// The remote address of a request counts, for a token or a login: `remote_address` of the rest.
  void address_counts(const net::IpAddress& peer, const net::IpAddress& address, const RequestHead& head,
                      BootTime now);
  /// A header of the PROXY protocol opened a connection to a listener that takes none.
  void proxy_header_came(const net::IpAddress& peer, BootTime now);
  /// A peer whose word is not taken came to a listener for the PROXY protocol.
  void stranger_came(const net::IpAddress& peer, BootTime now);

 private:
  void warn_untrusted(const net::IpAddress& peer, std::string_view field, BootTime now);

  Log& log_;
  const std::span<const net::Network> trusted_;
  const ForwardedSource source_;
  PeerNotices untrusted_;
  PeerNotices nameless_;
  PeerNotices proxy_headers_;
  PeerNotices strangers_;
};

}  // namespace latchkey::http
