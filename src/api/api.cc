#include "latchkey/api/api.h"

#include <string>

#include "latchkey/api/answers.h"
#include "latchkey/base/assert.h"

namespace latchkey::api {

namespace {

constexpr std::string_view kVerifyPath = "/auth/verify";

bool is_verify(std::string_view path) noexcept {
  return path.starts_with(kVerifyPath) &&
         (path.size() == kVerifyPath.size() || path[kVerifyPath.size()] == '/');
}

// Whether `allow` (`POST, DELETE, OPTIONS`) names the method.
bool is_allowed(std::string_view allow, std::string_view method) noexcept {
  while (!allow.empty()) {
    const std::size_t comma = allow.find(", ");
    if (allow.substr(0, comma) == method) return true;
    if (comma == std::string_view::npos) return false;
    allow.remove_prefix(comma + 2);
  }
  return false;
}

ConnectionBinding& binding_in(http::Exchange& exchange) noexcept {
  LATCHKEY_ASSERT(exchange.memo != nullptr);
  return static_cast<ConnectionBinding&>(*exchange.memo);
}

}  // namespace

Api::Api(Services& services)
    : services_(services),
      authtoken_(services),
      me_(services),
      ping_(services),
      verify_(services),
      routes_{{{"/api/v2/authtoken/", &authtoken_},
               {"/api/v1/authtoken/", &authtoken_},
               {"/api/v2/me/", &me_},
               {"/api/v2/ping/", &ping_}}} {}

std::unique_ptr<http::ConnectionMemo> Api::opened(const net::IpAddress&) {
  return std::make_unique<ConnectionBinding>();
}

Resource* Api::find(std::string_view path) noexcept {
  if (is_verify(path)) return &verify_;
  for (const Route& route : routes_) {
    if (route.path == path) return route.resource;
  }
  return nullptr;
}

bool Api::answer_now(http::Exchange& exchange) {
  Resource* const resource = find(exchange.head.path);
  if (resource == nullptr) {
    if (!redirect(exchange)) answer_not_found(exchange.response, services_.now());
    return true;
  }
  const std::string_view allow = resource->allow();
  if (!allow.empty() && !is_allowed(allow, exchange.head.method_text)) {
    answer_method_not_allowed(exchange.response, allow, exchange.head.method_text, services_.now());
    return true;
  }
  return resource->answer_now(exchange, binding_in(exchange));
}

runtime::Task<void> Api::answer(http::Exchange& exchange) {
  Resource* const resource = find(exchange.head.path);
  LATCHKEY_ASSERT(resource != nullptr);
  return resource->answer(exchange, binding_in(exchange));
}

std::string_view Api::allow(const http::RequestHead& head) noexcept {
  const Resource* const resource = find(head.path);
  return resource == nullptr ? std::string_view{} : resource->allow();
}

// C-1: a path that lacks only its final slash.
bool Api::redirect(http::Exchange& exchange) {
  const std::string_view path = exchange.head.path;
  for (const Route& route : routes_) {
    if (route.path.size() != path.size() + 1 || !route.path.starts_with(path)) continue;
    std::string location(route.path);
    if (!exchange.head.query.empty()) location.append(1, '?').append(exchange.head.query);
    const http::Method method = exchange.head.method;
    const bool is_safe =
        method == http::Method::kGet || method == http::Method::kHead || method == http::Method::kOptions;
    exchange.response.status(is_safe ? 301 : 308)
        .header("Allow", route.resource->allow())
        .header("Location", location)
        .no_body(services_.now());
    return true;
  }
  return false;
}

}  // namespace latchkey::api
