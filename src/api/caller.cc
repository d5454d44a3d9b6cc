#include "api/caller.h"

#include <utility>

#include "api/logins.h"
#include "latchkey/api/profile_parts.h"
#include "latchkey/http/credentials.h"
#include "latchkey/runtime/await.h"

namespace latchkey::api {

namespace {

void note_refused_basic(std::string_view name, const net::IpAddress& address, bool is_too_long,
                        const Services& services) {
  // An overlong password was never hashed, so it cost nothing.
  if (is_too_long) {
    LimitedEvent(services.log, LogLevel::kInfo, "basic.invalid").field("address", address.to_text());
    return;
  }
  LogEvent event(LogRoom::take(services.log), LogLevel::kInfo, "basic.refused");
  event.field("address", address.to_text());
  services.passwords.names().put(event, name);
}

}  // namespace

runtime::Task<std::variant<Caller, Refusal>> check_basic(RequestContext& request, Services& services) {
  const BootTime began = services.now();
  Result<http::BasicCredentials> credentials = http::parse_basic(request.presented().word);
  if (!credentials) {
    note_login(services, LoginVia::kBasic, LoginResult::kInvalid, began);
    co_return RequestContext::basic_refusal(credentials.error().text);
  }
  request.watch_address();
  const std::string name = credentials->user;
  LATCHKEY_AWAIT(const PasswordVerdict verdict,
                 services.passwords.check(std::move(credentials->user), std::move(credentials->password),
                                          request.address()));
  note_login(services, LoginVia::kBasic, login_result_of(verdict), began);
  if (const auto* const user = std::get_if<credential::User>(&verdict))
    co_return Caller{user->id, user->name, std::nullopt, token::Profile::make(profile_parts(*user))};
  // A password too long to be anybody's is simply wrong.
  const auto* const error = std::get_if<Error>(&verdict);
  const bool is_too_long = error != nullptr && error->code == ErrorCode::kInvalid;
  if (!is_too_long) {
    if (std::optional<Refusal> refusal = RequestContext::refusal_of(verdict)) co_return std::move(*refusal);
  }
  note_refused_basic(name, request.address(), is_too_long, services);
  co_return request.refusal_of(token::Outcome::kUnknown);
}

runtime::Task<Caller> identify(RequestContext& request, Services& services) {
  Caller caller;
  const Presented::Kind kind = request.presented().kind;
  if ((kind == Presented::Kind::kBasic || kind == Presented::Kind::kToken) && !request.has_address()) {
    request.refuse_nameless();
    co_return caller;
  }
  if (kind == Presented::Kind::kBasic) {
    LATCHKEY_AWAIT(auto checked, check_basic(request, services));
    if (const auto* const refusal = std::get_if<Refusal>(&checked)) {
      request.refuse(*refusal);
      co_return caller;
    }
    request.note({}, std::get<Caller>(checked).user_id);
    co_return std::get<Caller>(std::move(checked));
  }
  token::Admission admission;
  if (request.presented().kind == Presented::Kind::kToken) admission = request.admission();
  if (admission.outcome != token::Outcome::kAdmitted) {
    request.refuse_credentials(admission.outcome);
    co_return caller;
  }
  caller.user_id = admission.user->id();
  caller.name = admission.user->name();
  caller.token = request.presented().token;
  request.note({}, caller.user_id);
  request.response().preset("Auth-Token-Timeout", services.settings.token_timeout_text);
  co_return caller;
}

}  // namespace latchkey::api
