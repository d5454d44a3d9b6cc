#include "api/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <span>
#include <utility>

#include "api/caller.h"
#include "api/home.h"
#include "api/navigation.h"
#include "api/page_paths.h"
#include "latchkey/api/answers.h"
#include "latchkey/base/percent.h"
#include "latchkey/http/characters.h"
#include "latchkey/http/credentials.h"
#include "latchkey/runtime/await.h"

namespace latchkey::api {

namespace {

using http::ProxyFamily;

constexpr std::string_view kUserField = "X-Auth-User";
constexpr std::string_view kReasonField = "X-Auth-Reason";

constexpr std::string_view kNoBasicText =
    "Basic authentication is not taken here: send a token, or switch verify_basic on.";
constexpr std::string_view kUnknownHostText = "No site of this server has the host.";
constexpr std::string_view kNoHostText = "The proxy does not say which request it asks about.";
constexpr std::string_view kMayNotEnterText = "You may not enter this site.";

constexpr ResourceDescription describe(std::string_view name, std::string_view text) noexcept {
  return {.name = name, .text = text, .forms = Forms::kFixed, .fixed_type = kJsonType};
}

constexpr ResourceDescription kNginxDescription = describe(
    "Verify",
    "For nginx: whether the request in X-Original-URL and X-Original-Method may pass. 200 with the identity in "
    "X-Auth-User and Remote-User, else 401 or 403 without a body.");
constexpr ResourceDescription kForwardDescription = describe(
    "Forward",
    "For Caddy, Traefik and HAProxy: whether the request in X-Forwarded-Method, -Proto, -Host and -Uri may "
    "pass. 200 with the identity in X-Auth-User and Remote-User, 302 to the sign-in page, 401 or 403.");
constexpr ResourceDescription kEnvoyDescription = describe(
    "Envoy",
    "For Envoy's ext_authz: whether a request with this method, host and path behind the prefix may pass. 200 "
    "with the identity in X-Auth-User and Remote-User, 302 to the sign-in page, 401 or 403.");

const ResourceDescription& description_of(ProxyFamily family) noexcept {
  switch (family) {
    case ProxyFamily::kForward:
      return kForwardDescription;
    case ProxyFamily::kEnvoy:
      return kEnvoyDescription;
    default:
      return kNginxDescription;
  }
}

/// Appends each spelling of `name` that some applications read as it, with `_` or `.` in place of a `-`. From
/// the third `-` on, all are replaced alike.
void append_aliases(std::string& list, std::string_view name) {
  constexpr std::string_view kMarks = "-_.";
  constexpr std::size_t kPowers[] = {1, 3, 9, 27};
  constexpr std::size_t kVaried = std::size(kPowers) - 1;
  const auto dashes = static_cast<std::size_t>(std::count(name.begin(), name.end(), '-'));
  for (std::size_t spelling = 1; spelling < kPowers[std::min(dashes, kVaried)]; ++spelling) {
    list += ',';
    std::size_t dash = 0;
    for (const char c : name) {
      const bool is_dash = c == '-';
      list += is_dash ? kMarks[spelling / kPowers[std::min(dash, kVaried - 1)] % kMarks.size()]
                      : http::to_lower(c);
      dash += is_dash ? 1 : 0;
    }
  }
}

/// The fields that Envoy takes off the request on its way to the application: the other spellings of the
/// identity fields, and the token.
std::string fields_to_remove(const IdentityFields& names) {
  std::string list = "x-auth-token";
  for (const std::string_view name :
       {kUserField, std::string_view(names.user), std::string_view(names.groups),
        std::string_view(names.name), std::string_view(names.email)})
    append_aliases(list, name);
  return list;
}

std::string start_of(ProxyFamily family, const IdentityFields& names) {
  std::string head = "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n";
  if (family == ProxyFamily::kEnvoy)
    head += "x-envoy-auth-headers-to-remove: " + fields_to_remove(names) + "\r\n";
  return head;
}

bool may_enter(const Site& site, std::string_view user, const token::Profile* profile) noexcept {
  if (site.is_for_everybody()) return true;
  return site.admits(user, profile == nullptr ? std::span<const std::string>() : profile->groups());
}

Refusal forbidden(std::string_view why) { return {.status = 403, .detail = std::string(why)}; }

bool is_basic(const http::RequestHead& head) noexcept {
  const std::string_view value = head.value(http::KnownHeader::kAuthorization);
  return http::equals_ignoring_case(http::parse_auth_credentials(value).scheme, "Basic");
}

bool is_preflight(const http::RequestHead& head, const OriginalRequest& about) noexcept {
  return about.method == "OPTIONS" && http::find_other_header(head, "Origin").lines == 1 &&
         http::find_other_header(head, "Access-Control-Request-Method").lines == 1;
}

}  // namespace

VerifyResource::VerifyResource(Services& services, const AccountPages& pages, ProxyFamily family,
                               std::string_view path)
    : Resource(description_of(family)), services_(services), pages_(pages), family_(family), path_(path) {
  const IdentityFields& names = services.settings.identity;
  const std::string start = start_of(family, names);
  const std::string empty = fmt::format("{}: \r\n{}: \r\n{}: \r\n", names.groups, names.name, names.email);
  const std::string timeout = fmt::format("Auth-Token-Timeout: {}\r\n", services.settings.token_timeout_text);
  anonymous_head_ = start + empty + names.user + ": \r\n" + std::string(kUserField) + ": ";
  plain_head_ = start + timeout + empty + names.user + ": ";
  plain_middle_ = fmt::format("\r\n{}: ", kUserField);
  detailed_head_ = start + timeout + names.user + ": ";
}

bool VerifyResource::answer_now(RequestContext& request) {
  Question question;
  if (!services_.settings.sites.empty()) {
    question = question_of(request);
    if (answer_without_credentials(question, request)) return true;
  }
  if (!request.has_address()) {
    count(CheckResult::kNoAddress, request);
    refuse(request.nameless_refusal(), question, request);
    return true;
  }
  const Presented& shown = request.presented();
  if (shown.kind == Presented::Kind::kBasic) return false;
  answer_with_token(shown, question, request);
  return true;
}

VerifyResource::Question VerifyResource::question_of(const RequestContext& request) const noexcept {
  Question question;
  const Sites& sites = services_.settings.sites;
  if (sites.empty() || !request.is_trusted_peer()) return question;
  const bool has_prefix = request.exchange().asks == ProxyFamily::kNone;
  question.about =
      original_request(request.head(), family_, has_prefix ? std::string_view(path_) : std::string_view());
  if (question.about) question.site = sites.find(question.about->is_https, question.about->authority);
  return question;
}

bool VerifyResource::answer_without_credentials(const Question& question, RequestContext& request) {
  if (question.site == nullptr) {
    refuse_unknown_host(question, request);
    return true;
  }
  const bool is_open = question.site->is_public(question.about->path) ||
                       (question.site->rules().preflight && is_preflight(request.head(), *question.about));
  if (is_open) admit_anonymous(request);
  return is_open;
}

void VerifyResource::answer_with_token(const Presented& shown, const Question& question,
                                       RequestContext& request) {
  token::Admission admission;
  if (shown.kind == Presented::Kind::kToken) admission = request.admission();
  if (admission.outcome != token::Outcome::kAdmitted) {
    count(result_of(admission, shown), request);
    return refuse(request.refusal_of(admission.outcome), question, request);
  }
  const token::Profile* const profile = admission.user->profile();
  if (question.site != nullptr && !may_enter(*question.site, admission.user->name(), profile)) {
    count(CheckResult::kForbidden, request, admission.user->id());
    return refuse(forbidden(kMayNotEnterText), question, request);
  }
  admit({admission.user->header_name(), admission.user->id(), profile}, request);
}

runtime::Task<void> VerifyResource::answer(RequestContext& request) {
  LATCHKEY_AWAIT(auto checked, check_basic(request, services_));
  const Question question = question_of(request);
  if (auto* const refusal = std::get_if<Refusal>(&checked)) {
    count(CheckResult::kBasicRefused, request);
    refuse(std::move(*refusal), question, request);
    co_return;
  }
  const Caller& caller = std::get<Caller>(checked);
  if (question.site != nullptr && !may_enter(*question.site, caller.name, caller.profile.get())) {
    count(CheckResult::kForbidden, request, caller.user_id);
    refuse(forbidden(kMayNotEnterText), question, request);
    co_return;
  }
  const std::string user = percent_encode(caller.name);
  admit({user, caller.user_id, caller.profile.get()}, request);
}

CheckResult VerifyResource::result_of(const token::Admission& admission, const Presented& shown) noexcept {
  switch (shown.kind) {
    case Presented::Kind::kNothing:
      return CheckResult::kNoToken;
    case Presented::Kind::kAmbiguous:
      return CheckResult::kAmbiguous;
    case Presented::Kind::kMalformed:
    case Presented::Kind::kBasic:
      return CheckResult::kMalformed;
    case Presented::Kind::kToken:
      break;
  }
  if (!shown.token) return CheckResult::kMalformed;
  switch (admission.outcome) {
    case token::Outcome::kExpired:
      return admission.detail == token::Detail::kEnded ? CheckResult::kEnded : CheckResult::kExpired;
    case token::Outcome::kLimit:
      return CheckResult::kOverLimit;
    case token::Outcome::kInactive:
      return CheckResult::kInactive;
    case token::Outcome::kUnknown:
    case token::Outcome::kAdmitted:
      break;
  }
  return admission.detail == token::Detail::kElsewhere ? CheckResult::kOtherBinding : CheckResult::kUnknown;
}

void VerifyResource::admit(const Identity& identity, RequestContext& request) const {
  count(CheckResult::kAdmitted, request, identity.user_id);
  http::ResponseWriter& response = request.response();
  if (identity.profile == nullptr) {
    response.ok_head({plain_head_, identity.user, plain_middle_, identity.user});
  } else {
    const IdentityFields& names = services_.settings.identity;
    response.ok_head({detailed_head_, identity.user})
        .header(names.groups, identity.profile->header_groups())
        .header(names.name, identity.profile->header_full_name())
        .header(names.email, identity.profile->header_email())
        .header(kUserField, identity.user);
  }
  response.no_body(services_.now());
}

void VerifyResource::admit_anonymous(RequestContext& request) const {
  count(CheckResult::kAnonymous, request);
  request.response().ok_head({anonymous_head_}).no_body(services_.now());
}

bool VerifyResource::show_forbidden(const Question& question, RequestContext& request) const {
  // The page has nothing but links to the pages of the site's sign-in host.
  if (family_ == ProxyFamily::kNginx || question.site == nullptr) return false;
  const std::string& sign_in = question.site->rules().sign_in;
  if (sign_in.empty() || !is_navigation(request.head(), *question.about)) return false;
  const Visitor visitor = visitor_of(request, services_);
  if (visitor.user_name.empty()) return false;
  const std::optional<Destination> wanted = services_.settings.sites.destination(question.about->url());
  const std::string_view origin =
      std::string_view(sign_in).substr(0, sign_in.find('/', sign_in.find("//") + 2));
  protect_answer(request.response());
  request.reply(403).header(kReasonField, kMayNotEnterText);
  pages_.forbidden({place_of(kPagesPrefix), visitor, goal_of(wanted)}, origin, request.response(),
                   services_.now());
  return true;
}

void VerifyResource::refuse(Refusal refusal, const Question& question, RequestContext& request) const {
  const bool is_nginx = family_ == ProxyFamily::kNginx;
  if (refusal.status == 403 && show_forbidden(question, request)) return;
  // nginx makes 500 of any other refusal.
  if (refusal.status == 400 || (is_nginx && refusal.status == 429)) refusal.status = 401;
  if (refusal.status == 401 && refusal.challenge.empty()) refusal.challenge = "Token";
  const bool has_nothing = refusal.status == 401 && request.presented().kind == Presented::Kind::kNothing;
  if (has_nothing && !request.takes_basic() && is_basic(request.head())) refusal.detail = kNoBasicText;
  std::string location;
  if (refusal.status == 401 && question.site != nullptr && is_navigation(request.head(), *question.about))
    location = sign_in_location(*question.site, *question.about);
  const bool redirects = !location.empty() && !is_nginx;

  protect_answer(request.response());
  Reply answer = request.reply(redirects ? 302 : refusal.status);
  if (refusal.status == 401 && !redirects) answer.header("WWW-Authenticate", refusal.challenge);
  if (refusal.retry_after != 0) answer.header("Retry-After", refusal.retry_after);
  if (!location.empty()) answer.header("Location", location);
  answer.header(kReasonField, refusal.detail);
  if (is_nginx || redirects) return answer.end();
  answer.json(detail_json(refusal.detail));
}

void VerifyResource::refuse_unknown_host(const Question& question, RequestContext& request) const {
  const std::string_view host = question.about ? question.about->authority.host : std::string_view();
  count(CheckResult::kUnknownHost, request);
  const std::string_view reason = question.about ? kUnknownHostText : kNoHostText;
  const std::optional<std::uint64_t> left_out =
      services_.unknown_hosts == nullptr ? std::nullopt : services_.unknown_hosts->due(host, services_.now());
  if (left_out) {
    LogEvent(services_.log, LogLevel::kWarning, "site.unknown")
        .field("more", *left_out)
        .field("peer", request.exchange().peer.to_text())
        .field("reason", reason)
        .field("remedy", question.about || request.is_trusted_peer()
                             ? "add the host to a [[site]], or have the proxy send the fields of its recipe"
                             : "add the proxy to trusted_proxy, or let it ask over a Unix socket")
        .text("host", host);
  }
  refuse(forbidden(reason), question, request);
}

}  // namespace latchkey::api
