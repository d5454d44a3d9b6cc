#include "api/original_request.h"

#include <fmt/format.h>

#include <iterator>

#include "latchkey/base/assert.h"
#include "latchkey/base/percent.h"
#include "latchkey/http/characters.h"

namespace latchkey::api {

namespace {

using http::KnownHeader;
using http::RequestHead;

/// The value of a field with at most one line.
std::optional<std::string_view> only(const RequestHead& head, KnownHeader name) noexcept {
  if (head.lines(name) > 1) return std::nullopt;
  return head.value(name);
}

/// False for anything but a scheme of HTTP; WebSockets' are theirs too.
bool read_scheme(std::string_view text, OriginalRequest& request) noexcept {
  request.is_https = http::equals_ignoring_case(text, "https") || http::equals_ignoring_case(text, "wss");
  return request.is_https || http::equals_ignoring_case(text, "http") ||
         http::equals_ignoring_case(text, "ws");
}

bool read_authority(std::string_view text, OriginalRequest& request) noexcept {
  const std::optional<http::Authority> authority = http::parse_authority(text);
  if (authority) request.authority = *authority;
  return authority.has_value();
}

void read_target(std::string_view target, OriginalRequest& request) noexcept {
  const std::size_t mark = target.find('?');
  request.path = target.substr(0, mark);
  if (mark != std::string_view::npos) request.query = target.substr(mark + 1);
  if (request.path.empty()) request.path = "/";
}

bool read_nginx(const RequestHead& head, OriginalRequest& request) noexcept {
  const auto method = only(head, KnownHeader::kXOriginalMethod);
  const auto text = only(head, KnownHeader::kXOriginalUrl);
  if (!method || !text) return false;
  const std::optional<http::HttpUrl> url = http::parse_http_url(*text);
  if (!url) return false;
  request.method = *method;
  request.is_https = url->is_https;
  request.authority = url->authority;
  read_target(url->rest, request);
  return true;
}

bool read_forward(const RequestHead& head, OriginalRequest& request) noexcept {
  const auto method = only(head, KnownHeader::kXForwardedMethod);
  const auto scheme = only(head, KnownHeader::kXForwardedProto);
  const auto host = only(head, KnownHeader::kXForwardedHost);
  const auto target = only(head, KnownHeader::kXForwardedUri);
  if (!method || !scheme || !host || !target) return false;
  request.method = *method;
  read_target(*target, request);
  return read_scheme(*scheme, request) && read_authority(*host, request);
}

bool read_envoy(const RequestHead& head, std::string_view prefix, OriginalRequest& request) noexcept {
  const auto scheme = only(head, KnownHeader::kXForwardedProto);
  if (!scheme) return false;
  LATCHKEY_ASSERT(head.path.starts_with(prefix));
  request.method = head.method_text;
  request.path = head.path.substr(prefix.size());
  if (request.path.empty()) request.path = "/";
  request.query = head.query;
  if (!scheme->empty() && !read_scheme(*scheme, request)) return false;
  return read_authority(head.value(KnownHeader::kHost), request);
}

/// False for what no URL holds, and for the backslash, which browsers take for a slash.
bool stays_in_url(char c) noexcept { return http::is_a(http::kTargetCharacter, c) && c != '\\'; }

}  // namespace

std::string OriginalRequest::url() const {
  const unsigned default_port = is_https ? http::kHttpsPort : http::kHttpPort;
  std::string text = fmt::format("{}://", is_https ? "https" : "http");
  if (authority.address) {
    fmt::format_to(std::back_inserter(text), "[{}]", authority.host);
  } else {
    text += authority.host;
  }
  if (authority.port_or(default_port) != default_port)
    fmt::format_to(std::back_inserter(text), ":{}", *authority.port);
  append_percent_encoded(text, path, stays_in_url);
  if (!query.empty()) append_percent_encoded(text += '?', query, stays_in_url);
  return text;
}

std::optional<OriginalRequest> original_request(const RequestHead& question, http::ProxyFamily family,
                                                std::string_view prefix) noexcept {
  OriginalRequest request;
  bool is_good = false;
  switch (family) {
    case http::ProxyFamily::kNginx:
      is_good = read_nginx(question, request);
      break;
    case http::ProxyFamily::kForward:
      is_good = read_forward(question, request);
      break;
    case http::ProxyFamily::kEnvoy:
      is_good = read_envoy(question, prefix, request);
      break;
    case http::ProxyFamily::kNone:
      LATCHKEY_ASSERT(false);
      break;
  }
  return is_good ? std::optional(request) : std::nullopt;
}

}  // namespace latchkey::api
