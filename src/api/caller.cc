#include "api/caller.h"

#include <utility>

#include "latchkey/api/answers.h"
#include "latchkey/runtime/await.h"

namespace latchkey::api {

namespace {

std::string_view detail_of(token::Outcome outcome) noexcept {
  using token::Outcome;
  switch (outcome) {
    case Outcome::kExpired:
      return "Token is expired";
    case Outcome::kLimit:
      return "The maximum number of allowed sessions for this user has been exceeded.";
    case Outcome::kInactive:
      return "User inactive or deleted";
    case Outcome::kUnknown:
    case Outcome::kAdmitted:
      break;
  }
  return "Invalid token";
}

constexpr std::string_view kBasicChallenge = "Basic realm=\"api\"";

// What scripts say of themselves, by a convention of old; the pages' own script does.
constexpr std::string_view kRequestedWith = "X-Requested-With";

}  // namespace

net::IpAddress remote_address_of(const http::Exchange& exchange, const Services& services) noexcept {
  const ApiSettings& settings = services.settings;
  if (settings.trusted_proxies.empty()) return exchange.peer;
  return http::remote_address(exchange.peer, settings.trusted_proxies, settings.forwarded_source,
                              exchange.head);
}

void watch_address(const http::Exchange& exchange, const net::IpAddress& address, const Services& services) {
  if (services.forwarding == nullptr) return;
  services.forwarding->address_counts(exchange.peer, address, exchange.head, services.now());
}

const store::BindingHash& binding_of(const http::Exchange& exchange, ConnectionBinding& binding,
                                     const Services& services) {
  const net::IpAddress address = remote_address_of(exchange, services);
  const std::string_view agent = exchange.head.value(http::KnownHeader::kUserAgent);
  if (!binding.holds(address, agent)) {
    watch_address(exchange, address, services);
    binding.keep(address, agent, services.sessions.binding(address, agent));
  }
  return binding.hash();
}

token::Admission admission_of(const http::Exchange& exchange, const Presented& presented,
                              ConnectionBinding& binding, const Services& services) {
  if (!presented.token) return {};
  return services.sessions.check(*presented.token, binding_of(exchange, binding, services), services.now());
}

void answer_refused(http::Exchange& exchange, const Presented& presented, token::Outcome outcome, bool basic,
                    const Services& services) {
  http::ResponseWriter& response = exchange.response;
  std::string_view detail = "Authentication credentials were not provided.";
  // To `Basic` a browser opens a dialog of its own, which a script's request must not bring up.
  const bool is_script = http::find_other_header(exchange.head, kRequestedWith).lines != 0;
  std::string_view challenge = basic && !is_script ? kBasicChallenge : std::string_view("Token");
  switch (presented.kind) {
    case Presented::Kind::kAmbiguous:
      answer_detail(response, 400, kTwoTokensText, services.now());
      return;
    case Presented::Kind::kToken:
      detail = detail_of(outcome);
      challenge = presented.bearer ? "Bearer" : "Token";
      break;
    case Presented::Kind::kMalformed:
      detail = presented.problem;
      if (presented.is_basic) break;
      challenge = presented.bearer ? "Bearer" : "Token";
      break;
    case Presented::Kind::kBasic:
      detail = "Invalid username/password.";
      break;
    case Presented::Kind::kNothing:
      break;
  }
  response.status(401)
      .header("WWW-Authenticate", challenge)
      .body(kJsonType, detail_json(detail), services.now());
}

namespace {

void note_refused_basic(std::string_view name, const net::IpAddress& address, bool is_too_long,
                        const Services& services) {
  // What is too long was never hashed, and cost nothing.
  if (is_too_long) {
    LimitedEvent(services.log, LogLevel::kInfo, "basic.invalid").field("address", address.to_text());
    return;
  }
  LogEvent event(services.log, LogLevel::kInfo, "basic.refused");
  event.field("address", address.to_text());
  services.passwords.names().put(event, name);
}

}  // namespace

runtime::Task<Caller> check_basic(http::Exchange& exchange, std::string_view word, std::string_view allow,
                                  Services& services) {
  Result<http::BasicCredentials> credentials = http::parse_basic(word);
  Presented presented;
  presented.kind = Presented::Kind::kBasic;
  if (!credentials) {
    exchange.response.status(401)
        .header("WWW-Authenticate", kBasicChallenge)
        .body(kJsonType, detail_json(credentials.error().text), services.now());
    co_return Caller{};
  }
  const net::IpAddress address = remote_address_of(exchange, services);
  watch_address(exchange, address, services);
  const std::string name = credentials->user;
  LATCHKEY_AWAIT(
      const PasswordVerdict verdict,
      services.passwords.check(std::move(credentials->user), std::move(credentials->password), address));
  if (const auto* const user = std::get_if<credential::User>(&verdict))
    co_return Caller{user->id, user->name, std::nullopt};
  // A password that is too long to be anybody's is as wrong as another.
  const auto* const error = std::get_if<Error>(&verdict);
  const bool is_too_long = error != nullptr && error->code == ErrorCode::kInvalid;
  if (!is_too_long && answer_untried(exchange.response, allow, verdict, services.now())) co_return Caller{};
  note_refused_basic(name, address, is_too_long, services);
  answer_refused(exchange, presented, token::Outcome::kUnknown, true, services);
  co_return Caller{};
}

runtime::Task<Caller> identify(http::Exchange& exchange, ConnectionBinding& binding, std::string_view allow,
                               Services& services) {
  const bool basic = services.settings.basic;
  const Presented presented = find_credentials(exchange.head, basic);
  Caller caller;
  if (presented.kind == Presented::Kind::kBasic) {
    LATCHKEY_AWAIT(caller, check_basic(exchange, presented.word, allow, services));
    co_return caller;
  }
  token::Admission admission;
  if (presented.kind == Presented::Kind::kToken)
    admission = admission_of(exchange, presented, binding, services);
  if (admission.outcome != token::Outcome::kAdmitted) {
    answer_refused(exchange, presented, admission.outcome, basic, services);
    co_return caller;
  }
  caller.user_id = admission.user->id();
  caller.name = admission.user->name();
  caller.token = presented.token;
  exchange.response.preset("Auth-Token-Timeout", services.settings.token_timeout_text);
  co_return caller;
}

}  // namespace latchkey::api
