// `/auth/verify`: the resource that proxies ask before they let a request through (C-36). It takes any method
// and any path below it. The answer is 200 with `X-Auth-User` if the token admits, else 401 by C-32. This is
// the hottest path of all.
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
  const std::string admitted_head_;  ///< the answer to an admission, up to the user's name
};

}  // namespace latchkey::api
