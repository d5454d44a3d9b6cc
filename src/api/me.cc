#include "latchkey/api/me.h"

#include <fmt/format.h>

#include "latchkey/api/answers.h"
#include "latchkey/api/caller.h"
#include "latchkey/base/json_text.h"
#include "latchkey/runtime/await.h"

namespace latchkey::api {

namespace {

constexpr AnswerDescription kGetAnswers[] = {
    {200, "The user, as a list of one.", "Users"},
};
constexpr OperationDescription kOperations[] = {
    {http::Method::kGet,
     "GET",
     "Who the request's credentials stand for",
     Access::kUser,
     {},
     {},
     kGetAnswers},
};
constexpr ResourceDescription kDescription = {
    .name = "Me",
    .text = "The user whom the request's credentials stand for.",
    .operations = kOperations,
};

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

MeResource::MeResource(Services& services) : Resource(kDescription), services_(services) {}

bool MeResource::answer_now(http::Exchange&, ConnectionBinding&) { return false; }

runtime::Task<void> MeResource::answer(http::Exchange& exchange, ConnectionBinding& binding) {
  LATCHKEY_AWAIT(const Caller caller, identify(exchange, binding, allow(), services_));
  if (caller.user_id == 0) co_return;
  LATCHKEY_AWAIT(const Result<std::optional<credential::User>> user,
                 services_.directory.find_by_id(caller.user_id));
  if (!user) {
    answer_unavailable(exchange.response, allow(), user.error(), services_.now());
    co_return;
  }
  if (!*user || !(*user)->active) {
    const Presented presented = find_credentials(exchange.head, services_.settings.basic);
    answer_refused(exchange, presented, token::Outcome::kInactive, services_.settings.basic, services_);
    co_return;
  }
  exchange.response.status(200).header("Allow", allow()).body(kJsonType, user_json(**user), services_.now());
}

}  // namespace latchkey::api
