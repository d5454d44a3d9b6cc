// `/auth/verify`: the resource that proxies ask before they let a request through (C-36). Any method, and any
// path below it: 200 with `X-Auth-User` when the token admits, else 401 by C-32. The hottest path there is.
#pragma once

#include <string>

#include "api/resource.h"
#include "latchkey/api/services.h"

namespace latchkey::api {

class VerifyResource final : public Resource {
 public:
  explicit VerifyResource(Services& services);

  bool answer_now(RequestContext& request) override;
  runtime::Task<void> answer(RequestContext& request) override;

 private:
  Services& services_;
  const std::string admitted_head_;  ///< of an admission's answer, up to the user's name
};

}  // namespace latchkey::api
