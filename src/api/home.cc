#include "api/home.h"

#include <algorithm>
#include <array>

#include "api/caller.h"
#include "api/cookies.h"
#include "api/page_files.h"
#include "api/page_paths.h"
#include "latchkey/api/answers.h"
#include "latchkey/http/credentials.h"
#include "latchkey/http/negotiation.h"
#include "latchkey/http/percent.h"

namespace latchkey::api {

namespace {

constexpr AnswerDescription kPage[] = {
    {200, "A page to sign in, or the sessions of who is signed in.", {}},
    {303, "Who is signed in goes on to `rd`.", {}},
    {403, "A page: who is signed in may not enter the site of `rd`.", {}},
};
constexpr ParameterDescription kPageParameters[] = {
    {"rd", "The URL of a guarded site, to go on to after signing in. Any other is ignored."},
};
constexpr OperationDescription kPageOperations[] = {
    {http::Method::kGet,
     "GET",
     "homePage",
     "The page of one's sessions",
     Access::kHolder,
     {},
     {},
     kPage,
     kPageParameters},
};
constexpr ResourceDescription kHomeDescription = {
    .name = "Sessions",
    .text = "The page on which a person signs in, sees and ends his sessions, and sets a new password.",
    .tag = "pages",
    .forms = Forms::kFixed,
    .operations = kPageOperations,
    .fixed_type = kHtmlType,
};

// Tells that a visitor who is signed in was sent on to this host a moment ago. If the host sends them back,
// then it does not take their token, and they would go to and fro until the browser gives up.
constexpr std::string_view kSentCookie = "latchkey_sent";

std::string sent_cookie(std::string_view host, bool is_secure) {
  std::string cookie(kSentCookie);
  cookie.append(1, '=').append(host).append("; Path=/; Max-Age=10; HttpOnly; SameSite=Lax");
  if (is_secure) cookie += "; Secure";
  return cookie;
}

bool was_sent_to(std::string_view host, const http::RequestHead& head) noexcept {
  bool was_sent = false;
  http::for_each_cookie(head, [host, &was_sent](const http::Cookie& cookie) {
    if (cookie.name == kSentCookie && cookie.text() == host) was_sent = true;
  });
  return was_sent;
}

struct StaticType {
  std::string_view ending;
  std::string_view type;
};
constexpr std::array<StaticType, 3> kStaticTypes = {{
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".svg", "image/svg+xml"},
}};

constexpr AnswerDescription kFile[] = {
    {200, "The file.", {}},
    {404, "There is no file of this name.", "Detail"},
};
constexpr OperationDescription kFileOperations[] = {
    {http::Method::kGet, "GET", "pageFile", "A file of the pages", Access::kAnyone, {}, {}, kFile},
};
constexpr ResourceDescription kStaticDescription = {
    .name = "Static",
    .text = "The style sheet, the script and the icon of the pages.",
    .tag = "pages",
    .forms = Forms::kFixed,
    .operations = kFileOperations,
    .is_public = true,
    .fixed_type = "*/*",
};

/// Only files with a type are served: templates have none.
std::string_view static_type_of(std::string_view name) noexcept {
  const auto found = std::find_if(kStaticTypes.begin(), kStaticTypes.end(),
                                  [name](const StaticType& type) { return name.ends_with(type.ending); });
  return found == kStaticTypes.end() ? std::string_view{} : found->type;
}

const PageFile* find_static(std::string_view name) noexcept {
  if (static_type_of(name).empty()) return nullptr;
  for (const PageFile& file : page_files()) {
    if (file.name == name) return &file;
  }
  return nullptr;
}

}  // namespace

Visitor visitor_of(RequestContext& request, const Services& services) {
  Visitor visitor;
  const Presented& presented = request.presented();
  if (!presented.by_cookie || !presented.token) return visitor;
  visitor.csrf_token = services.sessions.csrf_token(*presented.token);
  const token::Admission admission = request.admission();
  if (admission.outcome != token::Outcome::kAdmitted) return visitor;
  visitor.user_name = admission.user->name();
  if (const token::Profile* const profile = admission.user->profile()) visitor.groups = profile->groups();
  return visitor;
}

std::optional<Destination> destination_of(const http::RequestHead& head, const Sites& sites) {
  if (sites.empty()) return std::nullopt;
  const std::optional<std::string_view> rd = http::find_query_parameter(head.query, "rd");
  if (!rd) return std::nullopt;
  std::string decoded(rd->size(), '\0');
  // A `+` is part of the URL: it has no blank.
  decoded.resize(http::percent_decode(*rd, http::PlusSign::kLiteral, decoded));
  return sites.destination(decoded);
}

Goal goal_of(const std::optional<Destination>& destination) noexcept {
  return destination ? Goal{destination->url, destination->host} : Goal{};
}

HomeResource::HomeResource(Services& services, const AccountPages& pages)
    : Resource(kHomeDescription), services_(services), pages_(pages) {}

bool HomeResource::answer_now(RequestContext& request) {
  const Visitor visitor = visitor_of(request, services_);
  const std::optional<Destination> destination = destination_of(request.head(), services_.settings.sites);
  const Look look{place_of(request.head().path), visitor, goal_of(destination)};
  http::ResponseWriter& response = request.response();
  if (visitor.user_name.empty()) {
    request.reply(200);
    pages_.sign_in(look, response, services_.now());
    return true;
  }
  request.response().preset("Auth-Token-Timeout", services_.settings.token_timeout_text);
  if (!destination) {
    request.reply(200);
    pages_.sessions(look, response, services_.now());
  } else if (!destination->site->admits(visitor.user_name, visitor.groups)) {
    request.reply(403);
    pages_.forbidden(look, {}, response, services_.now());
  } else if (was_sent_to(destination->host, request.head())) {
    request.reply(200);
    pages_.sign_in_again(look, response, services_.now());
  } else {
    send_on(request, *destination);
  }
  return true;
}

void HomeResource::send_on(RequestContext& request, const Destination& destination) const {
  request.reply(303)
      .header("Location", destination.url)
      .header("Set-Cookie",
              sent_cookie(destination.host, is_under_tls(request.exchange(), services_.settings)))
      .end();
}

StaticResource::StaticResource() : Resource(kStaticDescription) {}

bool StaticResource::answer_now(RequestContext& request) {
  const PageFile* const file = find_static(last_segment_of(request.head().path));
  if (file == nullptr) {
    request.not_found();
    return true;
  }
  // The file of a version never changes.
  const bool is_versioned = request.head().query == file->version;
  request.reply(200)
      .header("Cache-Control", is_versioned ? "public, max-age=31536000, immutable" : "no-cache")
      .header("X-Content-Type-Options", "nosniff")
      .body(static_type_of(file->name), file->bytes);
  return true;
}

}  // namespace latchkey::api
