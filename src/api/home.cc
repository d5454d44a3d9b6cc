#include "api/home.h"

#include <algorithm>
#include <array>

#include "api/caller.h"
#include "api/page_files.h"
#include "latchkey/api/answers.h"

namespace latchkey::api {

namespace {

constexpr AnswerDescription kPage[] = {
    {200, "A page to sign in, or the sessions of who is signed in.", {}},
    {400, "The request has two cookies named `token`.", "Detail"},
};
constexpr OperationDescription kPageOperations[] = {
    {http::Method::kGet, "GET", "The page of one's sessions", Access::kHolder, {}, {}, kPage},
};
constexpr ResourceDescription kHomeDescription = {
    .name = "Sessions",
    .text = "The page on which a person signs in, sees and ends his sessions, and sets a new password.",
    .forms = Forms::kFixed,
    .operations = kPageOperations,
    .fixed_type = kHtmlType,
};

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
    {http::Method::kGet, "GET", "A file of the pages", Access::kAnyone, {}, {}, kFile},
};
constexpr ResourceDescription kStaticDescription = {
    .name = "Static",
    .text = "The style sheet, the script and the icon of the pages.",
    .forms = Forms::kFixed,
    .operations = kFileOperations,
    .is_public = true,
    .fixed_type = "*/*",
};

/// The templates are no files for anybody: only what has a type is.
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

Visitor visitor_of(const http::Exchange& exchange, const Presented& presented, ConnectionBinding& binding,
                   const Services& services) {
  Visitor visitor;
  if (!presented.by_cookie || !presented.token) return visitor;
  visitor.csrf_token = services.sessions.csrf_token(*presented.token);
  const token::Admission admission = admission_of(exchange, presented, binding, services);
  if (admission.outcome == token::Outcome::kAdmitted) visitor.user_name = admission.user->name();
  return visitor;
}

HomeResource::HomeResource(Services& services, const Pages& pages)
    : Resource(kHomeDescription), services_(services), pages_(pages) {}

bool HomeResource::answer_now(http::Exchange& exchange, ConnectionBinding& binding) {
  const Presented presented = find_credentials(exchange.head, services_.settings.basic);
  if (presented.kind == Presented::Kind::kAmbiguous) {
    // Said rather than shown the form to sign in again, for ever.
    answer_detail(exchange.response, 400, allow(), kTwoTokensText, services_.now());
    return true;
  }
  const Visitor visitor = visitor_of(exchange, presented, binding, services_);
  exchange.response.status(200).header("Allow", allow());
  if (!visitor.user_name.empty()) {
    exchange.response.header("Auth-Token-Timeout", services_.settings.token_timeout_text);
  }
  add_page_headers(exchange.response);
  if (visitor.user_name.empty()) {
    pages_.sign_in(exchange.response, services_.now());
  } else {
    pages_.sessions(visitor, exchange.response, services_.now());
  }
  return true;
}

StaticResource::StaticResource(Services& services) : Resource(kStaticDescription), services_(services) {}

bool StaticResource::answer_now(http::Exchange& exchange, ConnectionBinding&) {
  const PageFile* const file = find_static(kStaticPath.segment_of(exchange.head.path));
  if (file == nullptr) {
    answer_not_found(exchange.response, allow(), services_.now());
    return true;
  }
  // Under its version a file never changes.
  const bool is_versioned = exchange.head.query == file->version;
  exchange.response.status(200)
      .header("Allow", allow())
      .header("Cache-Control", is_versioned ? "public, max-age=31536000, immutable" : "no-cache")
      .header("X-Content-Type-Options", "nosniff")
      .body(static_type_of(file->name), file->bytes, services_.now());
  return true;
}

}  // namespace latchkey::api
