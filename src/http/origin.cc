#include "latchkey/http/origin.h"

#include <optional>

#include "latchkey/http/characters.h"
#include "latchkey/net/address.h"

namespace latchkey::http {

namespace {

constexpr unsigned kHttpPort = 80;
constexpr unsigned kHttpsPort = 443;
constexpr unsigned kMaxPort = 65535;

struct Authority {
  std::string_view host;
  std::optional<net::IpAddress> address;  ///< if the host is an IPv6 literal
  unsigned port = 0;
};

/// Reads `host[:port]` or `[v6][:port]`; nothing if it is malformed.
std::optional<Authority> parse_authority(std::string_view text, unsigned default_port) noexcept {
  Authority authority;
  authority.port = default_port;
  std::size_t end = text.find(':');
  if (text.starts_with('[')) {
    end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    authority.host = text.substr(1, end - 1);
    authority.address = net::IpAddress::parse(authority.host);
    if (!authority.address) return std::nullopt;
    ++end;
  } else {
    authority.host = text.substr(0, end);
    if (authority.host.empty() || !all_are(kHostCharacter, authority.host)) return std::nullopt;
  }
  if (end >= text.size()) return authority;
  const std::string_view digits = text.substr(end + 1);
  if (text[end] != ':' || digits.size() > 5 || !all_are(kDigitCharacter, digits)) return std::nullopt;
  if (digits.empty()) return authority;
  authority.port = 0;
  for (const char digit : digits) authority.port = 10 * authority.port + static_cast<unsigned>(digit - '0');
  return authority.port <= kMaxPort ? std::optional(authority) : std::nullopt;
}

}  // namespace

bool is_origin_of(std::string_view origin, const Site& site) noexcept {
  constexpr std::string_view kMark = "://";
  const std::size_t mark = origin.find(kMark);
  if (mark == std::string_view::npos) return false;
  const std::string_view scheme = origin.substr(0, mark);
  const bool is_https = equals_ignoring_case(scheme, "https");
  if (!is_https && !equals_ignoring_case(scheme, "http")) return false;
  if (!site.scheme.empty() && !equals_ignoring_case(scheme, site.scheme)) return false;
  const unsigned default_port = is_https ? kHttpsPort : kHttpPort;
  const std::optional<Authority> from = parse_authority(origin.substr(mark + kMark.size()), default_port);
  const std::optional<Authority> to = parse_authority(site.authority, default_port);
  if (!from || !to || from->port != to->port || from->address.has_value() != to->address.has_value())
    return false;
  return from->address ? *from->address == *to->address : equals_ignoring_case(from->host, to->host);
}

}  // namespace latchkey::http
