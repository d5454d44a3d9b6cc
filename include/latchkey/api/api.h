// Api: the handler of a core's connections. It finds the resource for a request's path and method and gives
// the answer its form. It also does redirects, 404, 405, 406 and the protection of cookies (C-1, C-2, C-60,
// C-71).
// Thread: its core's.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "api/account_pages.h"
#include "api/authtoken.h"
#include "api/browser_session.h"
#include "api/document.h"
#include "api/home.h"
#include "api/logins.h"
#include "api/me.h"
#include "api/me_password.h"
#include "api/me_tokens.h"
#include "api/openapi.h"
#include "api/pages.h"
#include "api/rendition.h"
#include "api/sign_out.h"
#include "api/verify.h"
#include "latchkey/http/handler.h"
#include "latchkey/http/negotiation.h"

namespace latchkey::api {

class Api final : public http::Handler {
 public:
  /// Lifetime: `services` outlives the Api.
  explicit Api(Services& services);

  std::unique_ptr<http::ConnectionMemo> opened(const http::ConnectionOrigin& origin) override;
  bool answer_now(http::Exchange& exchange) override;
  runtime::Task<void> answer(http::Exchange& exchange) override;
  std::string_view allow(const http::RequestHead& head) noexcept override;
  std::optional<net::IpAddress> client_of(const http::Exchange& exchange) noexcept override;
  bool answers_from_head(const http::RequestHead& head, http::ProxyFamily asks) noexcept override;

  /// All routes: the only list of them.
  std::span<const Route> routes() const noexcept { return routes_; }

  /// The path of each resource, by its number in HttpMetrics. That of number 0, which is none, is `none`.
  std::span<const std::string_view> resource_paths() const noexcept { return resource_paths_; }

 private:
  static constexpr std::size_t kRoutes = 30;

  void prepare();
  void number_resources();
  const Route* find(std::string_view path) const noexcept;
  /// The resource that answers a proxy's question; nullptr if the request is none.
  VerifyResource* question(const http::RequestHead& head, http::ProxyFamily asks) noexcept;
  /// The context of a proxy's question about another request.
  RequestContext context_of_question(http::Exchange& exchange) const noexcept;
  bool refuse_misdirected_question(http::Exchange& exchange) const;
  bool redirect(http::Exchange& exchange) const;
  bool answer_json_now(const Route* route, http::Exchange& exchange);
  /// Kept out of line, away from requests without a forwarded field.
  [[gnu::noinline]] void watch_forwarded(const http::Exchange& exchange);
  RequestContext context_of(http::Exchange& exchange, const Route* route) const noexcept;
  bool answer_without_asking(const Resource& resource, RequestContext& request) const;
  runtime::Task<void> answer_json(const Route& route, http::Exchange& exchange);
  void send(Rendition& rendition, const Route* route, const http::Negotiated& wanted,
            http::Exchange& exchange);
  std::vector<Breadcrumb> breadcrumbs_to(std::string_view path) const;

  Services& services_;
  Pages pages_;
  AccountPages account_pages_;
  PreparedBodies bodies_;
  Logins logins_;
  HomeResource home_;
  StaticResource static_;
  SignOutResource sign_out_;
  ForbiddenResource forbidden_;
  DocumentResource root_;
  DocumentResource version1_;
  DocumentResource version2_;
  DocumentResource openapi_;
  DocumentResource ping_;
  AuthTokenResource authtoken_;
  SessionResource session_;
  MeResource me_;
  MyTokensResource my_tokens_;
  MyTokenResource my_token_;
  MyPasswordResource my_password_;
  VerifyResource verify_;
  VerifyResource forward_;
  VerifyResource envoy_;
  const std::array<Route, kRoutes> routes_;
  std::size_t most_slashes_ = 0;  ///< in the path of any route
  std::vector<std::string_view> resource_paths_{"none"};
};

}  // namespace latchkey::api
