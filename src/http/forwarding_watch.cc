#include "latchkey/http/forwarding_watch.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "http/known_header.h"
#include "latchkey/http/characters.h"

namespace latchkey::http {

namespace {

constexpr std::string_view kEffect =
    "whoever comes by way of it counts as this peer, and a token of one admits all of them";
constexpr std::string_view kUnixEffect = "a peer at a Unix socket has no address, so what it asks is refused";

// Fields that proxies set beside the two that are read, or in their place.
constexpr std::array<std::string_view, 13> kOtherFields = {
    "X-Real-IP",          "X-Client-IP",        "True-Client-IP",   "CF-Connecting-IP",   "X-Forwarded",
    "X-Forwarded-By",     "X-Forwarded-Host",   "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Proto",
    "X-Forwarded-Scheme", "X-Forwarded-Server", "X-Forwarded-Ssl"};

/// The source's name in the settings' file and the flag.
std::string_view setting_of(ForwardedSource source) noexcept {
  return source == ForwardedSource::kXForwardedFor ? "x-forwarded-for" : "forwarded";
}

ForwardedSource other(ForwardedSource source) noexcept {
  return source == ForwardedSource::kXForwardedFor ? ForwardedSource::kForwarded
                                                   : ForwardedSource::kXForwardedFor;
}

/// Finds a field that a proxy may have set but `forwarded_source` does not name, in its usual spelling; empty
/// if there is none.
std::string_view unread_field(const RequestHead& head, ForwardedSource source) noexcept {
  const KnownHeader unread = field_of(other(source));
  if (head.has(unread)) return name_of(unread);
  for (std::size_t i = 0; i < head.header_count; ++i) {
    for (const std::string_view name : kOtherFields) {
      if (equals_ignoring_case(head.headers[i].name, name)) return name;
    }
  }
  return {};
}

}  // namespace

void ForwardingWatch::field_came(const net::IpAddress& peer, const RequestHead& head, BootTime now) {
  if (is_trusted(peer, trusted_)) return;
  const ForwardedSource sent = head.has(field_of(source_)) ? source_ : other(source_);
  // A peer that names only itself is a client whose address came by the PROXY protocol, or hides nobody.
  if (last_hop(sent, head) == peer) return;
  warn_untrusted(peer, name_of(field_of(sent)), now);
}

void ForwardingWatch::address_counts(const net::IpAddress& peer, const net::IpAddress& address,
                                     const RequestHead& head, BootTime now) {
  if (address != peer) return;
  if (!is_trusted(peer, trusted_)) {
    const std::string_view unread = unread_field(head, source_);
    // `field_came` handles the two that are read.
    if (!unread.empty() && !has_forwarded_field(head)) warn_untrusted(peer, unread, now);
    return;
  }
  // A client on the proxy's own machine is no fault.
  if (last_hop(source_, head) == peer) return;
  warn_nameless(peer, peer.to_text(), kEffect, head, now);
}

void ForwardingWatch::unix_peer_named_nobody(const RequestHead& head, BootTime now) {
  // All Unix peers are one: their address is `::`, which no other peer has.
  warn_nameless({}, kUnixPeer, kUnixEffect, head, now);
}

void ForwardingWatch::warn_nameless(const net::IpAddress& peer, std::string_view peer_text,
                                    std::string_view effect, const RequestHead& head, BootTime now) {
  const KnownHeader read = field_of(source_);
  const std::string_view unread = unread_field(head, source_);
  const std::optional<std::uint64_t> left_out = nameless_.due(peer, now);
  if (!left_out) return;
  std::string remedy = fmt::format("have the proxy send {}, with the client's address last", name_of(read));
  const char* reason = "the trusted proxy sends no field that names its client";
  if (head.has(read)) {
    reason = "the field of the trusted proxy names no client: no address, or trusted proxies alone";
    remedy = "have the proxy send the client's address, and let trusted_proxy hold proxies alone, no clients";
  } else if (head.has(field_of(other(source_)))) {
    reason = "the trusted proxy sends another field than forwarded_source names";
    remedy += fmt::format(
        "; or, if it writes {} itself and drops what clients write there, set forwarded_source = '{}'",
        name_of(field_of(other(source_))), setting_of(other(source_)));
  } else if (!unread.empty()) {
    reason = "the trusted proxy names its client in a field that is not read";
  } else {
    remedy += "; a request that was made by hand from there is no fault";
  }
  LogEvent(log_, LogLevel::kWarning, "forwarded.no_client")
      .field("more", *left_out)
      .field("peer", peer_text)
      .field("reason", reason)
      .field("effect", effect)
      .field("remedy", remedy);
}

void ForwardingWatch::warn_untrusted(const net::IpAddress& peer, std::string_view field, BootTime now) {
  const std::optional<std::uint64_t> left_out = untrusted_.due(peer, now);
  if (!left_out) return;
  const std::string address = peer.to_text();
  const bool is_read = field == name_of(field_of(source_));
  std::string remedy = trusted_.empty()
                           ? fmt::format("if {0} is your proxy, set trusted_proxy = ['{0}']", address)
                           : fmt::format("if {0} is your proxy, add '{0}' to trusted_proxy", address);
  if (!is_read) remedy += fmt::format(" and have it send {}", name_of(field_of(source_)));
  remedy += "; if it is not, nothing is wrong";
  LogEvent(log_, LogLevel::kWarning, "forwarded.not_trusted")
      .field("more", *left_out)
      .field("peer", address)
      .field("field", field)
      .field("reason", "the peer is no trusted_proxy, so what it says of a client is ignored")
      .field("effect", kEffect)
      .field("remedy", remedy);
}

void ForwardingWatch::proxy_header_came(const net::IpAddress& peer, BootTime now) {
  const std::optional<std::uint64_t> left_out = proxy_headers_.due(peer, now);
  if (!left_out) return;
  const std::string address = peer.to_text();
  LogEvent(log_, LogLevel::kWarning, "proxy_protocol.not_expected")
      .field("more", *left_out)
      .field("peer", address)
      .field("reason",
             "a connection opens with a header of the PROXY protocol, which this listener does not take")
      .field("remedy",
             fmt::format("if {0} is your proxy, let it connect to an address of proxy_listen, with '{0}' in "
                         "trusted_proxy; or switch the PROXY protocol off in it",
                         address));
}

void ForwardingWatch::stranger_came(const net::IpAddress& peer, BootTime now) {
  const std::optional<std::uint64_t> left_out = strangers_.due(peer, now);
  if (!left_out) return;
  const std::string address = peer.to_text();
  LogEvent(log_, LogLevel::kWarning, "proxy_protocol.not_trusted")
      .field("more", *left_out)
      .field("peer", address)
      .field("reason", "the peer is no trusted_proxy, so its connections to proxy_listen are closed")
      .field("remedy", trusted_.empty()
                           ? fmt::format("if {0} is your proxy, set trusted_proxy = ['{0}']", address)
                           : fmt::format("if {0} is your proxy, add '{0}' to trusted_proxy", address));
}

}  // namespace latchkey::http
