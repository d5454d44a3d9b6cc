#include "latchkey/api/api.h"

#include <algorithm>
#include <string>
#include <utility>

#include "api/cookies.h"
#include "api/listing.h"
#include "api/page_paths.h"
#include "latchkey/api/answers.h"
#include "latchkey/base/assert.h"
#include "latchkey/http/forwarded.h"
#include "latchkey/http/http_metrics.h"
#include "latchkey/runtime/await.h"

namespace latchkey::api {

namespace {

constexpr std::string_view kVerifyPath = "/auth/verify";
constexpr std::string_view kForwardPath = "/auth/forward";
constexpr std::string_view kEnvoyPath = "/auth/envoy";
constexpr std::string_view kMisdirectedText =
    "This path answers no questions of proxies. Ask /auth/verify, /auth/forward or /auth/envoy.";

constexpr ResourceDescription kNotFoundDescription = {
    .name = "Not Found", .text = "There is nothing under this path.", .is_public = true};

constexpr bool is_at_or_below(std::string_view path, std::string_view resource) noexcept {
  return path.starts_with(resource) && (path.size() == resource.size() || path[resource.size()] == '/');
}

/// RFC 9110 §9.2.1.
bool is_safe(http::Method method) noexcept {
  return method == http::Method::kGet || method == http::Method::kHead || method == http::Method::kOptions;
}

/// Protects every answer about credentials, whatever it says: nobody stores it, and no browser takes it for a
/// page.
void protect(const Route* route, http::Exchange& exchange) noexcept {
  if (route == nullptr || route->resource->description().is_public) return;
  protect_answer(exchange.response);
}

/// A resource with a form of its own is not negotiated.
http::Negotiated negotiated(const Route* route, const http::RequestHead& head) noexcept {
  if (route != nullptr && route->resource->description().forms == Forms::kFixed) return {};
  const http::Negotiated wanted = http::negotiate(head);
  // The 404 of an unknown path falls back to JSON (C-71).
  if (route == nullptr && wanted.status == http::Negotiated::Status::kNotAcceptable) return {};
  return wanted;
}

}  // namespace

Api::Api(Services& services)
    : services_(services),
      pages_(services.settings),
      account_pages_(services.settings),
      logins_(services),
      home_(services, account_pages_),
      static_(),
      sign_out_(services, account_pages_),
      forbidden_(services, account_pages_),
      root_(kRootDescription),
      version1_(kVersion1Description),
      version2_(kVersion2Description),
      openapi_(kOpenapiDescription),
      ping_(kPingDescription),
      authtoken_(services, logins_),
      session_(services, logins_),
      me_(services),
      my_tokens_(services),
      my_token_(services),
      my_password_(services),
      verify_(services, account_pages_, http::ProxyFamily::kNginx, kVerifyPath),
      forward_(services, account_pages_, http::ProxyFamily::kForward, kForwardPath),
      envoy_(services, account_pages_, http::ProxyFamily::kEnvoy, kEnvoyPath),
      routes_{{{kHomePath, &home_},
               {PathTemplate("/api/"), &root_},
               {PathTemplate("/api/v1/"), &version1_},
               {PathTemplate("/api/v2/"), &version2_},
               {PathTemplate(kOpenapiPath), &openapi_},
               {kStaticPath, &static_},
               {PathTemplate("/api/v1/authtoken/"), &authtoken_},
               {PathTemplate("/api/v1/me/"), &me_},
               {PathTemplate("/api/v1/ping/"), &ping_},
               {PathTemplate("/api/v2/authtoken/"), &authtoken_},
               {PathTemplate("/api/v2/session/"), &session_},
               {PathTemplate("/api/v2/me/"), &me_},
               {kMyTokensPath, &my_tokens_},
               {kMyTokenPath, &my_token_},
               {PathTemplate("/api/v2/me/password/"), &my_password_},
               {PathTemplate("/api/v2/ping/"), &ping_},
               {kPagesHomePath, &home_},
               {kSignOutPath, &sign_out_},
               {kForbiddenPath, &forbidden_},
               {kPagesStaticPath, &static_},
               {kPagesSessionPath, &session_},
               {kPagesTokensPath, &my_tokens_},
               {kPagesTokenPath, &my_token_},
               {kPagesPasswordPath, &my_password_},
               {PathTemplate(kVerifyPath), &verify_},
               {PathTemplate("/auth/verify/{path*}"), &verify_},
               {PathTemplate(kForwardPath), &forward_},
               {PathTemplate("/auth/forward/{path*}"), &forward_},
               {PathTemplate(kEnvoyPath), &envoy_},
               {PathTemplate("/auth/envoy/{path*}"), &envoy_}}} {
  root_.set_document(root_json());
  version1_.set_document(listing_json(routes_, "/api/v1/"));
  version2_.set_document(listing_json(routes_, "/api/v2/"));
  openapi_.set_document(openapi_json(routes_, services.settings.public_version()));
  ping_.set_document(ping_json(services.settings));
  prepare();
}

/// A resource with several paths goes by that of the API's present version, or else by its first.
void Api::number_resources() {
  for (const Route& route : routes_) {
    Resource& resource = *route.resource;
    if (resource.number() == 0) {
      resource.set_number(resource_paths_.size());
      resource_paths_.push_back(route.path.text());
    } else if (route.path.text().starts_with("/api/v2/")) {
      resource_paths_[resource.number()] = route.path.text();
    }
  }
  LATCHKEY_ASSERT(resource_paths_.size() <= http::HttpMetrics::kMaxResources);
}

/// Renders the constant parts, so that no request costs a core that time.
void Api::prepare() {
  number_resources();
  pages_.prepare(kNotFoundDescription);
  for (const Route& route : routes_) {
    const ResourceDescription& description = route.resource->description();
    if (description.forms == Forms::kNegotiated) pages_.prepare(description);
    bodies_.add(route.resource->options_json());
    const std::string_view text = route.path.text();
    most_slashes_ =
        std::max(most_slashes_, static_cast<std::size_t>(std::count(text.begin(), text.end(), '/')));
  }
  for (const DocumentResource* const document : {&root_, &version1_, &version2_, &openapi_, &ping_})
    bodies_.add(document->document());
}

std::unique_ptr<http::ConnectionMemo> Api::opened(const http::ConnectionOrigin&) {
  return std::make_unique<ConnectionBinding>();
}

const Route* Api::find(std::string_view path) const noexcept {
  for (const Route& route : routes_) {
    if (route.path.matches(path)) return &route;
  }
  return nullptr;
}

RequestContext Api::context_of(http::Exchange& exchange, const Route* route) const noexcept {
  const std::string_view allow = route == nullptr ? std::string_view{} : route->resource->allow();
  return {exchange, services_, allow, {.basic = services_.settings.basic}};
}

VerifyResource* Api::question(const http::RequestHead& head, http::ProxyFamily asks) noexcept {
  switch (asks) {
    case http::ProxyFamily::kNginx:
      return &verify_;
    case http::ProxyFamily::kForward:
      return &forward_;
    case http::ProxyFamily::kEnvoy:
      return &envoy_;
    case http::ProxyFamily::kNone:
      break;
  }
  // The hottest one comes first.
  if (is_at_or_below(head.path, kVerifyPath)) return &verify_;
  if (is_at_or_below(head.path, kForwardPath)) return &forward_;
  return is_at_or_below(head.path, kEnvoyPath) ? &envoy_ : nullptr;
}

RequestContext Api::context_of_question(http::Exchange& exchange) const noexcept {
  return {
      exchange, services_, verify_.allow(), {.basic = services_.settings.verify_basic, .is_question = true}};
}

bool Api::answers_from_head(const http::RequestHead& head, http::ProxyFamily asks) noexcept {
  return question(head, asks) != nullptr;
}

/// Refuses a question at a path that answers none. A proxy would take 200 for an admission (S-8).
bool Api::refuse_misdirected_question(http::Exchange& exchange) const {
  using http::KnownHeader;
  if (!exchange.head.has(KnownHeader::kXForwardedMethod) && !exchange.head.has(KnownHeader::kXOriginalUrl))
    return false;
  RequestContext request = context_of(exchange, nullptr);
  if (!request.is_trusted_peer()) return false;
  protect_answer(exchange.response);
  request.refuse(403, kMisdirectedText);
  return true;
}

bool Api::answer_now(http::Exchange& exchange) {
  if (http::has_forwarded_field(exchange.head)) watch_forwarded(exchange);
  // The hottest path needs no search and no negotiation.
  if (VerifyResource* const asked = question(exchange.head, exchange.asks)) {
    exchange.resource = asked->number();
    RequestContext request = context_of_question(exchange);
    return asked->answer_now(request);
  }
  if (refuse_misdirected_question(exchange)) return true;
  const Route* const route = find(exchange.head.path);
  if (route == nullptr && redirect(exchange)) return true;
  exchange.resource = route == nullptr ? 0 : route->resource->number();
  const http::Negotiated wanted = negotiated(route, exchange.head);
  if (wanted.is_plain_json()) return answer_json_now(route, exchange);
  if (wanted.status == http::Negotiated::Status::kUnknownFormat) {
    protect(route, exchange);
    context_of(exchange, route).not_found();
    return true;
  }
  if (wanted.status == http::Negotiated::Status::kNotAcceptable) {
    protect(route, exchange);
    context_of(exchange, route).refuse(406, "Could not satisfy the request Accept header.");
    return true;
  }
  Rendition rendition(exchange);
  if (!answer_json_now(route, rendition.inner())) return false;
  send(rendition, route, wanted, exchange);
  return true;
}

runtime::Task<void> Api::answer(http::Exchange& exchange) {
  if (VerifyResource* const asked = question(exchange.head, exchange.asks)) {
    exchange.resource = asked->number();
    RequestContext request = context_of_question(exchange);
    LATCHKEY_AWAIT(asked->answer(request));
    co_return;
  }
  const Route* const route = find(exchange.head.path);
  LATCHKEY_ASSERT(route != nullptr);
  exchange.resource = route->resource->number();
  const http::Negotiated wanted = negotiated(route, exchange.head);
  if (wanted.is_plain_json()) {
    LATCHKEY_AWAIT(answer_json(*route, exchange));
    co_return;
  }
  Rendition rendition(exchange);
  LATCHKEY_AWAIT(answer_json(*route, rendition.inner()));
  send(rendition, route, wanted, exchange);
}

runtime::Task<void> Api::answer_json(const Route& route, http::Exchange& exchange) {
  protect(&route, exchange);
  RequestContext request = context_of(exchange, &route);
  LATCHKEY_AWAIT(route.resource->answer(request));
}

void Api::send(Rendition& rendition, const Route* route, const http::Negotiated& wanted,
               http::Exchange& exchange) {
  if (wanted.form == http::Negotiated::Form::kJson) {
    rendition.send_indented(bodies_, wanted.indent, services_.now());
    return;
  }
  RequestContext request = context_of(exchange, route);
  rendition.send_page(pages_, bodies_,
                      route == nullptr ? kNotFoundDescription : route->resource->description(),
                      breadcrumbs_to(exchange.head.path), visitor_of(request, services_),
                      services_.settings.token_timeout_text, services_.now());
}

bool Api::answer_json_now(const Route* route, http::Exchange& exchange) {
  RequestContext request = context_of(exchange, route);
  if (route == nullptr) {
    request.not_found();
    return true;
  }
  protect(route, exchange);
  return answer_without_asking(*route->resource, request) || route->resource->answer_now(request);
}

void Api::watch_forwarded(const http::Exchange& exchange) {
  // At a Unix socket these fields are believed.
  if (services_.forwarding == nullptr || exchange.is_unix_peer ||
      !connection_of(exchange).is_first_forwarded())
    return;
  services_.forwarding->field_came(exchange.peer, exchange.head, services_.now());
}

/// Handles what is the same for all resources: OPTIONS, unsupported methods, and requests that another site
/// made a browser send.
bool Api::answer_without_asking(const Resource& resource, RequestContext& request) const {
  const http::Method method = request.head().method;
  if (method == http::Method::kOptions) {
    request.reply(200).json(resource.options_json());
    return true;
  }
  const OperationDescription* const operation = find_operation(resource.description(), method);
  if (operation == nullptr) {
    request.method_not_allowed();
    return true;
  }
  if (is_safe(method)) return false;
  bool is_another_sites =
      !operation->parses.empty() && may_be_another_sites_form(request.exchange(), services_.settings);
  if (!is_another_sites && operation->access != Access::kAnyone)
    is_another_sites = is_forged(request.head(), operation->access, request.presented(), services_.sessions);
  if (!is_another_sites) return false;
  request.refuse(403, kForgeryText);
  return true;
}

std::optional<net::IpAddress> Api::client_of(const http::Exchange& exchange) noexcept {
  const ApiSettings& settings = services_.settings;
  if (exchange.is_unix_peer)
    return http::forwarded_address(settings.trusted_proxies, settings.forwarded_source, exchange.head);
  if (settings.trusted_proxies.empty()) return std::nullopt;
  const net::IpAddress client =
      http::remote_address(exchange.peer, settings.trusted_proxies, settings.forwarded_source, exchange.head);
  if (client == exchange.peer) return std::nullopt;
  return client;
}

std::string_view Api::allow(const http::RequestHead& head) noexcept {
  const Route* const route = find(head.path);
  return route == nullptr ? std::string_view{} : route->resource->allow();
}

// C-1: handles a path that lacks only its final slash.
bool Api::redirect(http::Exchange& exchange) const {
  std::string location(exchange.head.path);
  location += '/';
  const Route* const route = find(location);
  if (route == nullptr) return false;
  if (!exchange.head.query.empty()) location.append(1, '?').append(exchange.head.query);
  protect(route, exchange);
  context_of(exchange, route)
      .reply(is_safe(exchange.head.method) ? 301 : 308)
      .header("Location", location)
      .end();
  return true;
}

/// The resources on the path from the root of the API to `path`.
std::vector<Breadcrumb> Api::breadcrumbs_to(std::string_view path) const {
  std::vector<Breadcrumb> breadcrumbs;
  // No resource lies deeper than the deepest route.
  std::size_t depth = 1;
  for (std::size_t slash = path.find('/', 1); slash != std::string_view::npos && depth < most_slashes_;
       slash = path.find('/', slash + 1)) {
    ++depth;
    const std::string_view prefix = path.substr(0, slash + 1);
    if (const Route* const route = find(prefix)) {
      breadcrumbs.push_back({route->resource->description().name, prefix});
    }
  }
  if (!path.ends_with('/')) {
    if (const Route* const route = find(path))
      breadcrumbs.push_back({route->resource->description().name, path});
  }
  return breadcrumbs;
}

}  // namespace latchkey::api
