#include "latchkey/api/me.h"

#include <fmt/format.h>

#include "latchkey/api/answers.h"
#include "latchkey/api/caller.h"
#include "latchkey/base/json_text.h"

namespace latchkey::api {

namespace {

constexpr std::string_view kDescription =
    R"({"name":"Me","description":"The user whom the request's credentials stand for.",)"
    R"("renders":["application/json","text/html"],"parses":[]})";

std::string user_json(const credential::User& user) {
  std::string json =
      fmt::format(R"({{"count":1,"next":null,"previous":null,"results":[{{"id":{},"username":)", user.id);
  append_json_string(json, user.name);
  json.append(R"(,"first_name":)");
  append_json_string(json, user.first_name);
  json.append(R"(,"last_name":)");
  append_json_string(json, user.last_name);
  json.append(R"(,"email":)");
  append_json_string(json, user.email);
  json.append(R"(,"is_superuser":)").append(user.superuser ? "true" : "false").append("}]}");
  return json;
}

}  // namespace

bool MeResource::answer_now(http::Exchange& exchange, ConnectionBinding& binding) {
  const Presented presented = find_credentials(exchange.head, services_.settings.basic);
  if (presented.kind == Presented::Kind::kBasic) return false;
  token::Admission admission;
  if (presented.kind == Presented::Kind::kToken)
    admission = admission_of(exchange, presented, binding, services_);
  if (admission.outcome != token::Outcome::kAdmitted) {
    answer_refused(exchange, presented, admission.outcome, services_.settings.basic, services_);
    return true;
  }
  if (exchange.head.method != http::Method::kOptions) return false;
  exchange.response.status(200)
      .header("Allow", allow())
      .header("Auth-Token-Timeout", services_.settings.token_timeout_ms / 1000)
      .body(kJsonType, kDescription, services_.now());
  return true;
}

runtime::Task<void> MeResource::answer(http::Exchange& exchange, ConnectionBinding& binding) {
  const Presented presented = find_credentials(exchange.head, services_.settings.basic);
  const bool by_token = presented.kind == Presented::Kind::kToken;
  std::int64_t user_id = 0;
  if (by_token) {
    const token::Admission admission = admission_of(exchange, presented, binding, services_);
    if (admission.outcome != token::Outcome::kAdmitted) {
      answer_refused(exchange, presented, admission.outcome, services_.settings.basic, services_);
      co_return;
    }
    user_id = admission.user->id();
  } else {
    auto checking = check_basic(exchange, presented.word, allow(), services_);
    const BasicCaller caller = co_await checking;
    if (caller.user_id == 0) co_return;
    user_id = caller.user_id;
  }
  auto finding = services_.directory.find_by_id(user_id);
  const Result<std::optional<credential::User>> user = co_await finding;
  if (!user) {
    answer_unavailable(exchange.response, allow(), user.error(), services_.now());
    co_return;
  }
  if (!*user || !(*user)->active) {
    answer_refused(exchange, presented, token::Outcome::kInactive, services_.settings.basic, services_);
    co_return;
  }
  exchange.response.status(200).header("Allow", allow());
  if (by_token) exchange.response.header("Auth-Token-Timeout", services_.settings.token_timeout_ms / 1000);
  exchange.response.body(kJsonType,
                         exchange.head.method == http::Method::kOptions ? kDescription : user_json(**user),
                         services_.now());
}

}  // namespace latchkey::api
