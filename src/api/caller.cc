#include "api/caller.h"

#include <utility>

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
  LogEvent event(services.log, LogLevel::kInfo, "basic.refused");
  event.field("address", address.to_text());
  services.passwords.names().put(event, name);
}

}  // namespace

runtime::Task<Caller> check_basic(RequestContext& request, Services& services) {
  if (!request.has_address()) {
    request.refuse_nameless();
    co_return Caller{};
  }
  Result<http::BasicCredentials> credentials = http::parse_basic(request.presented().word);
  if (!credentials) {
    request.refuse_basic(credentials.error().text);
    co_return Caller{};
  }
  request.watch_address();
  const std::string name = credentials->user;
  LATCHKEY_AWAIT(const PasswordVerdict verdict,
                 services.passwords.check(std::move(credentials->user), std::move(credentials->password),
                                          request.address()));
  if (const auto* const user = std::get_if<credential::User>(&verdict))
    co_return Caller{user->id, user->name, std::nullopt};
  // A password too long to be anybody's is simply wrong.
  const auto* const error = std::get_if<Error>(&verdict);
  const bool is_too_long = error != nullptr && error->code == ErrorCode::kInvalid;
  if (!is_too_long && request.untried(verdict)) co_return Caller{};
  note_refused_basic(name, request.address(), is_too_long, services);
  request.refuse_credentials(token::Outcome::kUnknown);
  co_return Caller{};
}

runtime::Task<Caller> identify(RequestContext& request, Services& services) {
  Caller caller;
  if (request.presented().kind == Presented::Kind::kBasic) {
    LATCHKEY_AWAIT(caller, check_basic(request, services));
    co_return caller;
  }
  if (request.presented().kind == Presented::Kind::kToken && !request.has_address()) {
    request.refuse_nameless();
    co_return caller;
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
  request.response().preset("Auth-Token-Timeout", services.settings.token_timeout_text);
  co_return caller;
}

}  // namespace latchkey::api
