#include "api/me.h"

#include <fmt/format.h>

#include "api/admin_json.h"
#include "api/caller.h"
#include "latchkey/base/json_writer.h"
#include "latchkey/runtime/await.h"

namespace latchkey::api {

namespace {

constexpr AnswerDescription kGetAnswers[] = {
    {200, "The user, as a list of one.", "Users"},
};
constexpr OperationDescription kOperations[] = {
    {http::Method::kGet,
     "GET",
     "me",
     "Who the request's credentials stand for",
     Access::kUser,
     {},
     {},
     kGetAnswers},
};
constexpr ResourceDescription kDescription = {
    .name = "Me",
    .text = "The user whom the request's credentials stand for.",
    .tag = "account",
    .operations = kOperations,
};

std::string user_json(const credential::User& user) {
  JsonWriter json;
  json.begin_object();
  json.member("count", 1);
  json.member("next", nullptr);
  json.member("previous", nullptr);
  json.begin_array("results");
  json.begin_object();
  json.member("id", user.id);
  json.member("username", user.name);
  json.member("first_name", user.first_name);
  json.member("last_name", user.last_name);
  json.member("email", user.email);
  json.member("is_superuser", user.superuser);
  write_groups(json, user);
  json.end();
  json.end();
  json.end();
  return json.take();
}

}  // namespace

MeResource::MeResource(Services& services) : Resource(kDescription), services_(services) {}

runtime::Task<void> MeResource::answer(RequestContext& request) {
  LATCHKEY_AWAIT(const Caller caller, identify(request, services_));
  if (caller.user_id == 0) co_return;
  LATCHKEY_AWAIT(const Result<std::optional<credential::User>> user,
                 services_.directory.find_by_id(caller.user_id));
  if (!user) co_return request.unavailable(user.error());
  if (!*user || !(*user)->active) co_return request.refuse_credentials(token::Outcome::kInactive);
  request.reply(200).json(user_json(**user));
}

}  // namespace latchkey::api
