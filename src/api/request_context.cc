#include "api/request_context.h"

#include "latchkey/base/assert.h"
#include "latchkey/http/forwarded.h"

namespace latchkey::api {

namespace {

constexpr std::string_view kBasicChallenge = "Basic realm=\"api\"";
constexpr std::string_view kTokenChallenge = "Token";
constexpr std::string_view kBearerChallenge = "Bearer";

// Scripts name themselves in this field by an old convention. The pages' own script does so.
constexpr std::string_view kRequestedWith = "X-Requested-With";

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

}  // namespace

ConnectionBinding& connection_of(const http::Exchange& exchange) noexcept {
  LATCHKEY_ASSERT(exchange.memo != nullptr);
  return static_cast<ConnectionBinding&>(*exchange.memo);
}

const net::IpAddress& RequestContext::address() noexcept {
  const ApiSettings& settings = services_.settings;
  if (settings.trusted_proxies.empty()) return exchange_.peer;
  if (!address_) {
    address_ = http::remote_address(exchange_.peer, settings.trusted_proxies, settings.forwarded_source,
                                    exchange_.head);
  }
  return *address_;
}

void RequestContext::watch_address() {
  if (services_.forwarding == nullptr) return;
  services_.forwarding->address_counts(exchange_.peer, address(), exchange_.head, services_.now());
}

const store::BindingHash& RequestContext::binding() {
  ConnectionBinding& connection = connection_of(exchange_);
  const std::string_view agent = exchange_.head.value(http::KnownHeader::kUserAgent);
  if (!connection.holds(address(), agent)) {
    watch_address();
    connection.keep(address(), agent, services_.sessions.binding(address(), agent));
  }
  return connection.hash();
}

token::Admission RequestContext::admission() {
  const Presented& shown = presented();
  if (!shown.token) return {};
  return services_.sessions.check(*shown.token, binding(), services_.now());
}

void RequestContext::refuse_body(const BodyFields& fields) {
  Reply answer = reply(fields.status);
  // RFC 9110 §15.5.16
  if (fields.is_encoded) answer.header("Accept-Encoding", "identity");
  answer.json(fields.problem);
}

void RequestContext::challenge(std::string_view scheme, std::string_view detail) {
  exchange_.response.status(401)
      .header("WWW-Authenticate", scheme)
      .body(kJsonType, detail_json(detail), services_.now());
}

void RequestContext::refuse_basic(std::string_view detail) { challenge(kBasicChallenge, detail); }

void RequestContext::refuse_credentials(token::Outcome outcome) {
  const Presented& shown = presented();
  const std::string_view of_scheme = shown.bearer ? kBearerChallenge : kTokenChallenge;
  // For `Basic` a browser opens its own dialog, which a script's request must not cause.
  const bool is_script = http::find_other_header(exchange_.head, kRequestedWith).lines != 0;
  const std::string_view usual = takes_basic_ && !is_script ? kBasicChallenge : kTokenChallenge;
  switch (shown.kind) {
    case Presented::Kind::kAmbiguous:
      answer_detail(exchange_.response, 400, kTwoTokensText, services_.now());
      return;
    case Presented::Kind::kToken:
      return challenge(of_scheme, detail_of(outcome));
    case Presented::Kind::kMalformed:
      return challenge(shown.is_basic ? usual : of_scheme, shown.problem);
    case Presented::Kind::kBasic:
      return challenge(usual, "Invalid username/password.");
    case Presented::Kind::kNothing:
      return challenge(usual, "Authentication credentials were not provided.");
  }
}

}  // namespace latchkey::api
