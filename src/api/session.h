// `/api/v2/session/`: the session of a browser: POST signs in with a cookie that no script can read, GET says
// who is signed in, DELETE signs out. The page `/` works by it.
#pragma once

#include "api/logins.h"
#include "api/resource.h"
#include "latchkey/api/services.h"

namespace latchkey::api {

class SessionResource final : public Resource {
 public:
  SessionResource(Services& services, Logins& logins);

  bool answer_now(http::Exchange& exchange, ConnectionBinding& binding) override;
  runtime::Task<void> answer(http::Exchange& exchange, ConnectionBinding& binding) override;

 private:
  runtime::Task<void> sign_in(http::Exchange& exchange, ConnectionBinding& binding);
  runtime::Task<void> sign_out(http::Exchange& exchange, ConnectionBinding& binding);
  runtime::Task<void> tell(http::Exchange& exchange, ConnectionBinding& binding);

  Services& services_;
  Logins& logins_;
};

}  // namespace latchkey::api
