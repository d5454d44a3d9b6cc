#include "api/account_pages.h"

#include <string>

#include "api/page_paths.h"
#include "api/page_template.h"
#include "latchkey/base/percent.h"
#include "latchkey/base/printable.h"

namespace latchkey::api {

namespace {

using kainjow::mustache::data;

constexpr std::string_view kSignOutName = "sign-out/";

/// What a page is about besides its gaps.
struct Kind {
  bool is_signed_in = false;
  bool has_goal = false;
  bool is_sent_back = false;
  bool is_change = false;
  bool has_script = true;
};

Skeleton skeleton_of(const ApiSettings& settings, std::string_view file, std::string_view title,
                     const Kind& kind) {
  data page = page_data(settings, title, kind.has_script);
  page.set("is_signed_in", flag(kind.is_signed_in));
  page.set("has_goal", flag(kind.has_goal));
  page.set("is_sent_back", flag(kind.is_sent_back));
  page.set("is_change", flag(kind.is_change));
  page.set("host", gap(Gap::kHost));
  page.set("next", gap(Gap::kNext));
  page.set("sign_in_href", gap(Gap::kSignInLink));
  page.set("sign_out_href", gap(Gap::kSignOutLink));
  page.set("leave_href", gap(Gap::kLeaveLink));
  return Skeleton(page_template(file).render(page));
}

/// A page with and without a goal.
struct Pair {
  Pair(const ApiSettings& settings, std::string_view file, std::string_view title, Kind kind)
      : without(skeleton_of(settings, file, title, kind)),
        with_goal((kind.has_goal = true, skeleton_of(settings, file, title, kind))) {}

  const Skeleton& of(const Goal& goal) const noexcept { return goal.is_set() ? with_goal : without; }

  const Skeleton without;
  const Skeleton with_goal;
};

std::string escaped(std::string_view text) {
  std::string html;
  append_html_escaped(html, text);
  return html;
}

/// `path`, and the goal in its query. No character of either means anything in HTML.
std::string link_to(std::string_view path, std::string_view query, const Goal& goal) {
  std::string link(path);
  if (!query.empty() || goal.is_set()) link.append(1, '?').append(query);
  if (!goal.is_set()) return link;
  if (!query.empty()) link += "&amp;";
  return link.append("rd=").append(percent_encode_component(goal.url));
}

}  // namespace

struct AccountPages::Rendered {
  explicit Rendered(const ApiSettings& settings)
      : sign_in(settings, "signin.html", "Sign in", {}),
        sign_in_again(settings, "signin.html", "Sign in", {.is_sent_back = true}),
        sessions(skeleton_of(settings, "sessions.html", "Sessions", {})),
        sign_out(settings, "signout.html", "Sign out", {.is_signed_in = true}),
        change(skeleton_of(settings, "signout.html", "Sign out", {.is_signed_in = true, .is_change = true})),
        signed_out(settings, "signout.html", "Signed out", {}),
        forbidden(settings, "forbidden.html", "No entry", {.is_signed_in = true, .has_script = false}),
        unknown(settings, "forbidden.html", "No entry", {.has_script = false}) {}

  const Pair sign_in;
  const Pair sign_in_again;
  const Skeleton sessions;
  const Pair sign_out;
  const Skeleton change;
  const Pair signed_out;
  const Pair forbidden;
  const Pair unknown;
};

namespace {

/// The texts of one answer, and the gaps filled from them.
struct Filling {
  Filling(const Look& look, const ApiSettings& settings)
      : name(escaped(printable(look.visitor.user_name))),
        field(escaped(look.visitor.user_name)),
        host(escaped(look.goal.host)),
        next(escaped(look.goal.url)) {
    set_place(texts, look.place);
    texts.set(Gap::kAccount, name.empty() ? std::string_view("Sign in") : std::string_view(name));
    texts.set(Gap::kUserName, field);
    texts.set(Gap::kCsrfToken, look.visitor.csrf_token);
    texts.set(Gap::kHost, host);
    texts.set(Gap::kNext, next);
    if (!name.empty()) {
      version = escaped(settings.version);
      texts.set(Gap::kVersion, version);
    }
  }
  Filling(const Filling&) = delete;
  Filling& operator=(const Filling&) = delete;

  void send(const Skeleton& skeleton, http::ResponseWriter& response, BootTime now) const {
    response.body(kHtmlType, skeleton.filled(texts), now);
  }

  const std::string name;  // printed as in the log; the field of a form holds it unchanged
  const std::string field;
  const std::string host;
  std::string next;
  std::string version;
  GapTexts texts;
};

}  // namespace

AccountPages::AccountPages(const ApiSettings& settings)
    : settings_(settings), rendered_(std::make_unique<const Rendered>(settings)) {}

AccountPages::~AccountPages() = default;

void AccountPages::sign_in(const Look& look, http::ResponseWriter& response, BootTime now) const {
  add_page_headers(response);
  Filling(look, settings_).send(rendered_->sign_in.of(look.goal), response, now);
}

void AccountPages::sign_in_again(const Look& look, http::ResponseWriter& response, BootTime now) const {
  add_page_headers(response);
  Filling(look, settings_).send(rendered_->sign_in_again.of(look.goal), response, now);
}

void AccountPages::sessions(const Look& look, http::ResponseWriter& response, BootTime now) const {
  add_page_headers(response);
  Filling(look, settings_).send(rendered_->sessions, response, now);
}

void AccountPages::sign_out(const Look& look, bool is_change, http::ResponseWriter& response,
                            BootTime now) const {
  add_page_headers(response);
  Filling filling(look, settings_);
  const std::string sign_in = link_to(look.place.home, {}, look.goal);
  filling.texts.set(Gap::kSignInLink, sign_in);
  if (look.visitor.user_name.empty()) return filling.send(rendered_->signed_out.of(look.goal), response, now);
  if (!is_change) return filling.send(rendered_->sign_out.of(look.goal), response, now);
  filling.texts.set(Gap::kNext, sign_in);
  filling.send(rendered_->change, response, now);
}

void AccountPages::forbidden(const Look& look, std::string_view origin, http::ResponseWriter& response,
                             BootTime now) const {
  add_page_headers(response, origin);
  Filling filling(look, settings_);
  const std::string home = std::string(origin).append(kPagesPrefix);
  const std::string files = home + "static/";
  if (!origin.empty()) set_place(filling.texts, {home, files});
  const std::string way_out = home + std::string(kSignOutName);
  const std::string sign_in = link_to(home, {}, look.goal);
  const std::string change = link_to(way_out, "change", look.goal);
  filling.texts.set(Gap::kSignInLink, sign_in);
  filling.texts.set(Gap::kSignOutLink, change);
  filling.texts.set(Gap::kLeaveLink, way_out);
  const Pair& page = look.visitor.user_name.empty() ? rendered_->unknown : rendered_->forbidden;
  filling.send(page.of(look.goal), response, now);
}

}  // namespace latchkey::api
