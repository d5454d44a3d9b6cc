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
  if (admission.outcome == token::Outcome::kAdmitted) visitor.user_name = admission.user->name();
  return visitor;
}

HomeResource::HomeResource(Services& services, const Pages& pages)
    : Resource(kHomeDescription), services_(services), pages_(pages) {}

bool HomeResource::answer_now(RequestContext& request) {
  const Visitor visitor = visitor_of(request, services_);
  Reply answer = request.reply(200);
  if (!visitor.user_name.empty()) answer.header("Auth-Token-Timeout", services_.settings.token_timeout_text);
  add_page_headers(request.response());
  if (visitor.user_name.empty()) {
    pages_.sign_in(request.response(), services_.now());
  } else {
    pages_.sessions(visitor, request.response(), services_.now());
  }
  return true;
}

StaticResource::StaticResource() : Resource(kStaticDescription) {}

bool StaticResource::answer_now(RequestContext& request) {
  const PageFile* const file = find_static(kStaticPath.segment_of(request.head().path));
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
