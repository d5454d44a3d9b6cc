#include "api/sign_out.h"

#include "api/home.h"
#include "latchkey/http/negotiation.h"

namespace latchkey::api {

namespace {

constexpr AnswerDescription kSignOutPage[] = {
    {200, "The page, or that nobody is signed in.", {}},
};
constexpr ParameterDescription kSignOutParameters[] = {
    {"rd", "The URL of a guarded site, to go on to after signing out. Any other is ignored."},
    {"change", "To sign in as somebody else afterwards, who then goes on to `rd`."},
};
constexpr OperationDescription kSignOutOperations[] = {
    {http::Method::kGet,
     "GET",
     "signOutPage",
     "A page with buttons that sign out",
     Access::kHolder,
     {},
     {},
     kSignOutPage,
     kSignOutParameters},
};
constexpr ResourceDescription kSignOutDescription = {
    .name = "Sign Out",
    .text = "The page on which a person signs out, of this browser or everywhere.",
    .tag = "pages",
    .forms = Forms::kFixed,
    .operations = kSignOutOperations,
    .fixed_type = kHtmlType,
};

constexpr AnswerDescription kForbiddenPage[] = {
    {403, "The page.", {}},
};
constexpr ParameterDescription kForbiddenParameters[] = {
    {"rd", "The URL of a guarded site, which the person may not enter. Any other is ignored."},
};
constexpr OperationDescription kForbiddenOperations[] = {
    {http::Method::kGet,
     "GET",
     "forbiddenPage",
     "The page for a person who may not enter",
     Access::kHolder,
     {},
     {},
     kForbiddenPage,
     kForbiddenParameters},
};
constexpr ResourceDescription kForbiddenDescription = {
    .name = "No Entry",
    .text =
        "The page that tells a person who is signed in that he may not enter, and how to come as another.",
    .tag = "pages",
    .forms = Forms::kFixed,
    .operations = kForbiddenOperations,
    .fixed_type = kHtmlType,
};

/// Begins the answer to a visitor, whose look at a page is a use of the token (C-31).
void begin(RequestContext& request, int status, const Visitor& visitor, const Services& services) {
  Reply answer = request.reply(status);
  if (!visitor.user_name.empty()) answer.header("Auth-Token-Timeout", services.settings.token_timeout_text);
}

}  // namespace

SignOutResource::SignOutResource(Services& services, const AccountPages& pages)
    : Resource(kSignOutDescription), services_(services), pages_(pages) {}

bool SignOutResource::answer_now(RequestContext& request) {
  const Visitor visitor = visitor_of(request, services_);
  const std::optional<Destination> destination = destination_of(request.head(), services_.settings.sites);
  const bool is_change = http::find_query_parameter(request.head().query, "change").has_value();
  begin(request, 200, visitor, services_);
  const Look look{place_of(request.head().path), visitor, goal_of(destination)};
  pages_.sign_out(look, is_change, request.response(), services_.now());
  return true;
}

ForbiddenResource::ForbiddenResource(Services& services, const AccountPages& pages)
    : Resource(kForbiddenDescription), services_(services), pages_(pages) {}

bool ForbiddenResource::answer_now(RequestContext& request) {
  const Visitor visitor = visitor_of(request, services_);
  const std::optional<Destination> destination = destination_of(request.head(), services_.settings.sites);
  begin(request, 403, visitor, services_);
  pages_.forbidden({place_of(request.head().path), visitor, goal_of(destination)}, {}, request.response(),
                   services_.now());
  return true;
}

}  // namespace latchkey::api
