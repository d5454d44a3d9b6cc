// `/api/v2/authtoken/`: the token resource. POST obtains a token (C-10 to C-21), DELETE ends one (C-40),
// OPTIONS describes the resource (C-50).
#pragma once

#include "api/logins.h"
#include "api/resource.h"
#include "latchkey/api/services.h"

namespace latchkey::api {

class AuthTokenResource final : public Resource {
 public:
  AuthTokenResource(Services& services, Logins& logins);

  runtime::Task<void> answer(RequestContext& request) override;

 private:
  runtime::Task<void> obtain(RequestContext& request);
  runtime::Task<void> invalidate(RequestContext& request);

  Services& services_;
  Logins& logins_;
};

}  // namespace latchkey::api
