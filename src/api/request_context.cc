#include "api/request_context.h"

#include <fmt/format.h>

#include <variant>

#include "latchkey/base/assert.h"
#include "latchkey/http/forwarded.h"

namespace latchkey::api {

namespace {

constexpr std::string_view kBasicChallenge = "Basic realm=\"api\"";
constexpr std::string_view kTokenChallenge = "Token";
constexpr std::string_view kBearerChallenge = "Bearer";

constexpr std::string_view kNamelessText = "The proxy does not name the client's address.";

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

bool is_trusted_peer(const http::Exchange& exchange, const ApiSettings& settings) noexcept {
  return exchange.is_unix_peer || http::is_trusted(exchange.peer, settings.trusted_proxies);
}

bool RequestContext::has_forwarded_address() noexcept {
  if (!address_) {
    const ApiSettings& settings = services_.settings;
    address_ = http::forwarded_address(settings.trusted_proxies, settings.forwarded_source, exchange_.head);
  }
  return address_.has_value();
}

const net::IpAddress& RequestContext::address() noexcept {
  if (exchange_.is_unix_peer) {
    LATCHKEY_ASSERT(has_forwarded_address());
    return *address_;
  }
  const ApiSettings& settings = services_.settings;
  if (settings.trusted_proxies.empty()) return exchange_.peer;
  if (!address_) {
    address_ = http::remote_address(exchange_.peer, settings.trusted_proxies, settings.forwarded_source,
                                    exchange_.head);
  }
  return *address_;
}

void RequestContext::watch_address() {
  if (services_.forwarding == nullptr || exchange_.is_unix_peer) return;
  services_.forwarding->address_counts(exchange_.peer, address(), exchange_.head, services_.now());
}

const store::BindingHash& RequestContext::binding() {
  ConnectionBinding& connection = connection_of(exchange_);
  const net::IpAddress from = address();
  const std::string_view agent = exchange_.head.value(http::KnownHeader::kUserAgent);
  if (!connection.holds(from, agent)) {
    watch_address();
    connection.keep(from, agent, services_.sessions.binding(from, agent));
  }
  return connection.hash();
}

void RequestContext::find_presented() {
  presented_ = find_credentials(exchange_.head, services_.settings.cookie_names, rules_, cookies_);
  if (cookies_ && cookies_->size() > 1) choose_cookie();
}

void RequestContext::choose_cookie() {
  if (!has_address()) return;
  const TokenCookies& cookies = *cookies_;
  bool is_known = false;
  for (std::size_t i = 0; i < cookies.size(); ++i) {
    const std::optional<token::Token> token = cookies.token(i);
    if (!token) continue;
    const token::Outcome outcome = admission_of(*token).outcome;
    if (outcome == token::Outcome::kUnknown || (is_known && outcome != token::Outcome::kAdmitted)) continue;
    presented_->token = token;
    is_known = true;
    if (outcome == token::Outcome::kAdmitted) return;
  }
}

token::Admission RequestContext::admission() {
  const Presented& shown = presented();
  if (!shown.token || !has_address()) return {};
  return admission_of(*shown.token);
}

token::Admission RequestContext::admission_of(const token::Token& token) {
  return services_.sessions.check(token, binding(), services_.now());
}

void RequestContext::refuse_body(const BodyFields& fields) {
  Reply answer = reply(fields.status);
  // RFC 9110 §15.5.16
  if (fields.is_encoded) answer.header("Accept-Encoding", "identity");
  answer.json(fields.problem);
}

void RequestContext::method_not_allowed() {
  refuse(405, fmt::format("Method '{}' not allowed.", exchange_.head.method_text));
}

Refusal RequestContext::unavailability(const Error& error) {
  // Which bound was reached, or what failed, is for the log.
  const std::string_view text = error.code == ErrorCode::kOverloaded
                                    ? "The server is busy. Try again in a moment."
                                    : "The server cannot do this at the moment. Try again later.";
  return {.status = 503, .detail = std::string(text), .retry_after = kRetryAfterSeconds};
}

std::optional<Refusal> RequestContext::refusal_of(const PasswordVerdict& verdict) {
  if (const auto* const throttled = std::get_if<Throttled>(&verdict)) {
    const std::int64_t seconds = throttled->seconds;
    return Refusal{.status = 429,
                   .detail = fmt::format("Request was throttled. Expected available in {} second{}.", seconds,
                                         seconds == 1 ? "" : "s"),
                   .retry_after = seconds};
  }
  if (const auto* const error = std::get_if<Error>(&verdict)) return unavailability(*error);
  return std::nullopt;
}

bool RequestContext::untried(const PasswordVerdict& verdict) {
  const std::optional<Refusal> refusal = refusal_of(verdict);
  if (refusal) refuse(*refusal);
  return refusal.has_value();
}

Refusal RequestContext::basic_refusal(std::string_view detail) {
  return {.detail = std::string(detail), .challenge = kBasicChallenge};
}

Refusal RequestContext::nameless_refusal() {
  if (services_.forwarding != nullptr)
    services_.forwarding->unix_peer_named_nobody(exchange_.head, services_.now());
  return {.status = 400, .detail = std::string(kNamelessText)};
}

Refusal RequestContext::refusal_of(token::Outcome outcome) {
  const Presented& shown = presented();
  const std::string_view of_scheme = shown.bearer ? kBearerChallenge : kTokenChallenge;
  // For `Basic` a browser opens its own dialog, which a script's request must not cause.
  const bool is_script = http::find_other_header(exchange_.head, kRequestedWith).lines != 0;
  const std::string_view usual = takes_basic() && !is_script ? kBasicChallenge : kTokenChallenge;
  const auto refusal = [](std::string_view challenge, std::string_view detail) {
    return Refusal{.detail = std::string(detail), .challenge = challenge};
  };
  switch (shown.kind) {
    case Presented::Kind::kAmbiguous:
      return refusal(kTokenChallenge, kRepeatedCredentialText);
    case Presented::Kind::kToken:
      return refusal(of_scheme, detail_of(outcome));
    case Presented::Kind::kMalformed:
      return refusal(shown.is_basic ? usual : of_scheme, shown.problem);
    case Presented::Kind::kBasic:
      return refusal(usual, "Invalid username/password.");
    case Presented::Kind::kNothing:
      break;
  }
  return refusal(usual, "Authentication credentials were not provided.");
}

void RequestContext::refuse(const Refusal& refusal) {
  const bool is_about_credentials = refusal.status == 400 || refusal.status == 401;
  Reply answer = is_about_credentials ? reply_without_allow(refusal.status) : reply(refusal.status);
  if (refusal.retry_after != 0) answer.header("Retry-After", refusal.retry_after);
  if (!refusal.challenge.empty()) answer.header("WWW-Authenticate", refusal.challenge);
  answer.json(detail_json(refusal.detail));
}

}  // namespace latchkey::api
