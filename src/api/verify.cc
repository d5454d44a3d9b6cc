#include "api/verify.h"

#include "api/caller.h"
#include "latchkey/api/answers.h"
#include "latchkey/base/percent.h"
#include "latchkey/runtime/await.h"

namespace latchkey::api {

namespace {

constexpr ResourceDescription kDescription = {
    .name = "Verify",
    .text =
        "For proxies: whether the request's credentials admit, by any method. 200 with X-Auth-User, or 401.",
    .forms = Forms::kFixed,
    .fixed_type = "application/json",
};

}  // namespace

VerifyResource::VerifyResource(Services& services)
    : Resource(kDescription),
      services_(services),
      admitted_head_(
          "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
          "Auth-Token-Timeout: " +
          services.settings.token_timeout_text + "\r\nX-Auth-User: ") {}

bool VerifyResource::answer_now(http::Exchange& exchange, ConnectionBinding& binding) {
  const bool basic = services_.settings.verify_basic;
  const Presented presented = find_credentials(exchange.head, basic);
  if (presented.kind == Presented::Kind::kBasic) return false;
  token::Admission admission;
  if (presented.kind == Presented::Kind::kToken)
    admission = admission_of(exchange, presented, binding, services_);
  if (admission.outcome != token::Outcome::kAdmitted) {
    protect_answer(exchange.response);
    answer_refused(exchange, presented, admission.outcome, basic, services_);
    return true;
  }
  exchange.response.ok_head(admitted_head_, admission.user->header_name()).no_body(services_.now());
  return true;
}

runtime::Task<void> VerifyResource::answer(http::Exchange& exchange, ConnectionBinding&) {
  protect_answer(exchange.response);
  const Presented presented = find_credentials(exchange.head, true);
  LATCHKEY_AWAIT(const Caller caller, check_basic(exchange, presented.word, allow(), services_));
  if (caller.user_id == 0) co_return;
  exchange.response.status(200).header("X-Auth-User", percent_encode(caller.name)).no_body(services_.now());
}

}  // namespace latchkey::api
