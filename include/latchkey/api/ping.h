// `/api/v2/ping/`: the server lives; without a token (C-70).
#pragma once

#include <string>

#include "latchkey/api/resource.h"
#include "latchkey/api/services.h"

namespace latchkey::api {

class PingResource final : public Resource {
 public:
  explicit PingResource(Services& services);

  std::string_view allow() const noexcept override { return "GET, HEAD, OPTIONS"; }
  bool answer_now(http::Exchange& exchange, ConnectionBinding& binding) override;
  runtime::Task<void> answer(http::Exchange& exchange, ConnectionBinding& binding) override;

 private:
  Services& services_;
  std::string body_;
};

}  // namespace latchkey::api
