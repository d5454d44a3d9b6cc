#include "latchkey/http/origin.h"

#include <optional>

#include "latchkey/http/authority.h"
#include "latchkey/http/characters.h"

namespace latchkey::http {

bool is_origin_of(std::string_view origin, const Site& site) noexcept {
  const std::optional<HttpUrl> from = parse_http_url(origin);
  if (!from || !from->rest.empty()) return false;
  const std::string_view scheme = from->is_https ? "https" : "http";
  if (!site.scheme.empty() && !equals_ignoring_case(site.scheme, scheme)) return false;
  const std::optional<Authority> to = parse_authority(site.authority);
  if (!to || from->port() != to->port_or(from->default_port())) return false;
  if (from->authority.address || to->address) return from->authority.address == to->address;
  return equals_ignoring_case(from->authority.host, to->host);
}

}  // namespace latchkey::http
