// Api: from a request's path and method to the resource that answers it; redirects, 404 and 405 (C-1, C-2,
// C-71). The handler of a core's connections; one core thread.
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "latchkey/api/authtoken.h"
#include "latchkey/api/me.h"
#include "latchkey/api/ping.h"
#include "latchkey/api/verify.h"
#include "latchkey/http/handler.h"

namespace latchkey::api {

class Api final : public http::Handler {
 public:
  /// `services` outlives the API.
  explicit Api(Services& services);

  std::unique_ptr<http::ConnectionMemo> opened(const net::IpAddress& peer) override;
  bool answer_now(http::Exchange& exchange) override;
  runtime::Task<void> answer(http::Exchange& exchange) override;
  std::string_view allow(const http::RequestHead& head) noexcept override;

 private:
  struct Route {
    std::string_view path;  ///< with its final slash
    Resource* resource;
  };

  Resource* find(std::string_view path) noexcept;
  bool redirect(http::Exchange& exchange);

  Services& services_;
  AuthTokenResource authtoken_;
  MeResource me_;
  PingResource ping_;
  VerifyResource verify_;
  const std::array<Route, 4> routes_;
};

}  // namespace latchkey::api
