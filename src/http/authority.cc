#include "latchkey/http/authority.h"

#include <algorithm>

#include "latchkey/http/characters.h"

namespace latchkey::http {

namespace {

constexpr std::size_t kMaxPortDigits = 5;
constexpr unsigned kMaxPort = 65535;

}  // namespace

std::optional<Authority> parse_authority(std::string_view text) noexcept {
  Authority authority;
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
  if (text[end] != ':' || digits.size() > kMaxPortDigits || !all_are(kDigitCharacter, digits))
    return std::nullopt;
  if (digits.empty()) return authority;
  unsigned port = 0;
  for (const char digit : digits) port = 10 * port + static_cast<unsigned>(digit - '0');
  if (port > kMaxPort) return std::nullopt;
  authority.port = port;
  return authority;
}

std::optional<HttpUrl> parse_http_url(std::string_view text) noexcept {
  constexpr std::string_view kMark = "://";
  const std::size_t mark = text.find(kMark);
  if (mark == std::string_view::npos) return std::nullopt;
  HttpUrl url;
  const std::string_view scheme = text.substr(0, mark);
  url.is_https = equals_ignoring_case(scheme, "https");
  if (!url.is_https && !equals_ignoring_case(scheme, "http")) return std::nullopt;
  const std::string_view behind = text.substr(mark + kMark.size());
  const std::size_t end = std::min(behind.find_first_of("/?#"), behind.size());
  const std::optional<Authority> authority = parse_authority(behind.substr(0, end));
  if (!authority) return std::nullopt;
  url.authority = *authority;
  url.rest = behind.substr(end);
  return url;
}

}  // namespace latchkey::http
