// `/api/v2/session/`: the session of a browser. POST signs in with a cookie that no script can read, GET says
// who is signed in, DELETE signs out. The page `/` uses it.
#pragma once

#include "api/cookies.h"
#include "api/logins.h"
#include "api/resource.h"
#include "latchkey/api/services.h"

namespace latchkey::api {

class SessionResource final : public Resource {
 public:
  SessionResource(Services& services, Logins& logins);

  runtime::Task<void> answer(RequestContext& request) override;

 private:
  runtime::Task<void> sign_in(RequestContext& request);
  runtime::Task<void> sign_out(RequestContext& request);
  runtime::Task<void> tell(RequestContext& request);
  /// The form that the cookie has where the request was sent.
  TokenCookie cookie_for(const RequestContext& request) const noexcept;

  Services& services_;
  Logins& logins_;
};

}  // namespace latchkey::api
