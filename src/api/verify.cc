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

bool VerifyResource::answer_now(RequestContext& request) {
  if (!request.has_address()) {
    protect_answer(request.response());
    request.refuse_nameless(true);
    return true;
  }
  const Presented& presented = request.presented();
  if (presented.kind == Presented::Kind::kBasic) return false;
  token::Admission admission;
  if (presented.kind == Presented::Kind::kToken) admission = request.admission();
  if (admission.outcome != token::Outcome::kAdmitted) {
    protect_answer(request.response());
    request.refuse_credentials(admission.outcome);
    return true;
  }
  request.response().ok_head(admitted_head_, admission.user->header_name()).no_body(services_.now());
  return true;
}

runtime::Task<void> VerifyResource::answer(RequestContext& request) {
  protect_answer(request.response());
  LATCHKEY_AWAIT(const Caller caller, check_basic(request, services_));
  if (caller.user_id == 0) co_return;
  request.reply(200).header("X-Auth-User", percent_encode(caller.name)).end();
}

}  // namespace latchkey::api
