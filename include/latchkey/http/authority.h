// Authorities and absolute http URLs (RFC 3986 §3.2, RFC 9110 §4.2), as views into the text they came from.
// Thread: any; all are pure functions and allocate nothing.
#pragma once

#include <optional>
#include <string_view>

#include "latchkey/net/address.h"

namespace latchkey::http {

inline constexpr unsigned kHttpPort = 80;
inline constexpr unsigned kHttpsPort = 443;

/// `host[:port]` or `[v6][:port]`.
struct Authority {
  std::string_view host;                  ///< as written, an IPv6 literal without its brackets
  std::optional<net::IpAddress> address;  ///< if the host is an IPv6 literal
  std::optional<unsigned> port;           ///< 0 to 65535; nothing if it is missing or empty

  unsigned port_or(unsigned default_port) const noexcept { return port.value_or(default_port); }
};

/// Nothing if the text is malformed or has no host. User information (`user@host`) is malformed.
std::optional<Authority> parse_authority(std::string_view text) noexcept;

/// An absolute http or https URL.
struct HttpUrl {
  bool is_https = false;
  Authority authority;
  /// From the first `/`, `?` or `#` behind the authority to the end; it may be empty. Not decoded, and not
  /// checked for characters.
  std::string_view rest;

  unsigned default_port() const noexcept { return is_https ? kHttpsPort : kHttpPort; }
  unsigned port() const noexcept { return authority.port_or(default_port()); }
};

/// The scheme may have any case. Nothing for another scheme, a malformed authority, or a URL without `//`.
std::optional<HttpUrl> parse_http_url(std::string_view text) noexcept;

}  // namespace latchkey::http
