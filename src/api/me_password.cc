#include "api/me_password.h"

#include <fmt/format.h>

#include <utility>

#include "latchkey/api/log_room.h"
#include "latchkey/runtime/await.h"

namespace latchkey::api {

namespace {

constexpr FieldDescription kFields[] = {
    {.name = "current_password",
     .label = "Current password",
     .max_length = kMaxPasswordBytes,
     .is_password = true},
    {.name = "new_password",
     .label = "New password",
     .min_length = kMinNewPasswordCharacters,
     .max_length = kMaxPasswordBytes,
     .is_password = true},
};
constexpr AnswerDescription kAnswers[] = {
    {200, "The password is the new one; how many other tokens of the user that ended.", "Ended"},
    {400, "A field is missing or malformed, or the current password is not right.", "Problems"},
    {429, "Too many failed attempts; `Retry-After` says when to try again.", "Detail"},
};
constexpr OperationDescription kOperations[] = {
    {http::Method::kPost, "POST", "changePassword", "Set a new password", Access::kUser, kFields, kBodyTypes,
     kAnswers},
};
constexpr ResourceDescription kDescription = {
    .name = "My Password",
    .text =
        "POST the current password and a new one of at least 8 characters to set it. All other tokens of the "
        "user end.\n\n"
        "    {\"current_password\": \"my pass\", \"new_password\": \"my new pass\"}",
    .tag = "account",
    .operations = kOperations,
};

constexpr std::string_view kWrongPassword = R"({"current_password":["Invalid password."]})";

}  // namespace

MyPasswordResource::MyPasswordResource(Services& services)
    : Resource(kDescription), services_(services), fields_reader_(services.settings.max_body_bytes) {}

runtime::Task<void> MyPasswordResource::answer(RequestContext& request) {
  LATCHKEY_AWAIT(Caller caller, identify(request, services_));
  if (caller.user_id == 0) co_return;
  if (is_long_body(request.body())) co_await services_.turns.next();
  BodyFields fields = fields_reader_.read(kOperations[0], request.head(), request.body());
  if (fields.status != 200) co_return request.refuse_body(fields);
  LATCHKEY_AWAIT(const PasswordVerdict verdict,
                 services_.passwords.check(caller.name, std::move(fields.values[0]), request.address()));
  if (request.untried(verdict)) co_return;
  const auto* const user = std::get_if<credential::User>(&verdict);
  if (user == nullptr || user->id != caller.user_id) co_return refuse(request);
  LATCHKEY_AWAIT(change(request, std::move(caller), *user, std::move(fields.values[1])));
}

// The password is written before the tokens are ended. A concurrent login with the old password is found by
// one side or the other (token::Shard::login).
runtime::Task<void> MyPasswordResource::change(RequestContext& request, Caller caller, credential::User user,
                                               SecretText password) {
  LATCHKEY_AWAIT(Result<std::string> hash, services_.hasher.make(std::move(password)));
  if (!hash) co_return request.unavailable(hash.error());
  LATCHKEY_AWAIT(LogRoom room, wait_for_log_room(services_.loop, services_.log));
  if (!room.is_held()) {
    services_.metrics.no_log_room.add();
    co_return request.unavailable(log_is_full());
  }
  LATCHKEY_AWAIT(const Result<bool> set,
                 services_.directory.change_password_hash(user.id, user.password_number, std::move(*hash)));
  if (!set) co_return request.unavailable(set.error());
  // An administrator has set another password meanwhile, or the user is gone or disabled.
  if (!*set) co_return refuse(request);
  LATCHKEY_AWAIT(const Result<std::size_t> ended,
                 services_.sessions.end_all_but(caller.token, caller.user_id, store::Death::kDeleted));
  LogEvent(std::move(room), LogLevel::kInfo, "password.changed")
      .field("address", request.address().to_text())
      .text("user", caller.name);
  // The user's known addresses belong to the old password. This one is known for the new password too: the
  // user is here now.
  ++user.password_number;
  LATCHKEY_AWAIT(services_.passwords.remember(user, request.address()));
  if (!ended) {
    LogEvent(services_.log, LogLevel::kError, "password.tokens_not_ended")
        .text("user", caller.name)
        .text("reason", ended.error().text);
    request.reply(503)
        .header("Retry-After", kRetryAfterSeconds)
        .json(detail_json("The password is changed, but not all other sessions could be ended. End them."));
    co_return;
  }
  services_.metrics.ended[SessionEnd::kPassword].add(*ended);
  request.reply(200).json(fmt::format(R"({{"ended":{}}})", *ended));
}

void MyPasswordResource::refuse(RequestContext& request) {
  LogEvent(LogRoom::take(services_.log), LogLevel::kInfo, "password.refused")
      .field("address", request.address().to_text());
  request.reply(400).json(kWrongPassword);
}

}  // namespace latchkey::api
