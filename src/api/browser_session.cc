#include "api/browser_session.h"

#include <fmt/format.h>

#include <array>

#include "api/caller.h"
#include "latchkey/base/json_writer.h"
#include "latchkey/base/time_text.h"
#include "latchkey/http/credentials.h"
#include "latchkey/runtime/await.h"

namespace latchkey::api {

namespace {

constexpr AnswerDescription kTold[] = {
    {200, "Who is signed in, and what an unsafe request by the cookie must show in X-CSRF-Token.", "Session"},
};
constexpr AnswerDescription kSignedIn[] = {
    {200, "Signed in: the cookie is set.", "Session"},
    {400, "A field is missing or malformed, or the credentials are not right.", "Problems"},
    {403, "The browser says that the request comes from another site.", "Detail"},
    {415, "The body is not JSON.", "Detail"},
    {429, "Too many failed attempts; `Retry-After` says when to try again.", "Detail"},
    {503, "A bound is reached; `Retry-After` says when to try again.", "Detail"},
};
constexpr AnswerDescription kSignedOut[] = {
    {204, "Signed out: the token is dead, and the cookie is gone.", {}},
    {503, "The deletion could not be made durable yet.", "Detail"},
};
constexpr OperationDescription kOperations[] = {
    {http::Method::kGet, "GET", "getSession", "Who is signed in", Access::kUser, {}, {}, kTold},
    // Only JSON: no form on another site can send it (Fetch, CORS-safelisted request-header).
    {http::Method::kPost, "POST", "signIn", "Sign in", Access::kAnyone, kLoginFields,
     std::span(kBodyTypes).first<1>(), kSignedIn},
    {http::Method::kDelete, "DELETE", "signOut", "Sign out", Access::kHolder, {}, {}, kSignedOut},
};
constexpr ResourceDescription kDescription = {
    .name = "Session",
    .text =
        "The session of a browser. POST a username and a password as JSON to sign in:\n\n"
        "    {\"username\": \"user\", \"password\": \"my pass\"}\n\n"
        "The token comes as a cookie that no script can read. GET says who is signed in, and gives the value "
        "that unsafe "
        "requests by the cookie show in the header X-CSRF-Token. DELETE signs out.",
    .tag = "session",
    .operations = kOperations,
};
constexpr const OperationDescription& kSignIn = kOperations[1];

std::string session_json(std::string_view name, WallTime expires, std::string_view csrf_token) {
  JsonWriter json;
  json.begin_object();
  json.member("username", name);
  json.member("expires", to_rfc3339(expires));
  json.member("csrf_token", csrf_token);
  json.end();
  return json.take();
}

/// The cookies of a request under each of the names.
class ShownCookies {
 public:
  ShownCookies(const http::RequestHead& head, const CookieNames& names) : names_(names) {
    http::for_each_cookie(head, [this](const http::Cookie& cookie) {
      const CookieNames::Rank rank = names_.rank_of(cookie.name);
      if (rank == CookieNames::Rank::kAnothers || cookie.text().empty()) return;
      bool& has = token_of_cookie(cookie.text()) ? of(rank).has_token : of(rank).has_another;
      has = true;
    });
  }

  bool has_token(std::string_view name) const noexcept {
    return shown_[index(names_.rank_of(name))].has_token;
  }
  /// Whether there is a text that is no token: the cookie of an application behind the same host.
  bool has_another(std::string_view name) const noexcept {
    return shown_[index(names_.rank_of(name))].has_another;
  }

 private:
  struct Shown {
    bool has_token = false;
    bool has_another = false;
  };
  static std::size_t index(CookieNames::Rank rank) noexcept { return static_cast<std::size_t>(rank); }
  Shown& of(CookieNames::Rank rank) noexcept { return shown_[index(rank)]; }

  const CookieNames& names_;
  std::array<Shown, static_cast<std::size_t>(CookieNames::Rank::kAnothers) + 1> shown_{};
};

}  // namespace

SessionResource::SessionResource(Services& services, Logins& logins)
    : Resource(kDescription), services_(services), logins_(logins) {}

runtime::Task<void> SessionResource::answer(RequestContext& request) {
  if (request.head().method == http::Method::kPost) return sign_in(request);
  if (request.head().method == http::Method::kDelete) return sign_out(request);
  return tell(request);
}

runtime::Task<void> SessionResource::sign_in(RequestContext& request) {
  if (!is_from_here(request.head())) co_return request.refuse(403, kForgeryText);
  LATCHKEY_AWAIT(const std::optional<Granted> granted, logins_.log_in(request, kSignIn, LoginVia::kSession));
  if (!granted) co_return;
  const token::Token& token = granted->login.token;
  const token::Token::Digits digits = token.digits();
  const std::string_view text(digits.data(), digits.size());
  const TokenCookie cookie = cookie_for(request);
  Reply answer = request.reply(200);
  answer.header("Auth-Token-Timeout", services_.settings.token_timeout_text)
      .header("Set-Cookie", token_cookie(cookie, text));
  const ShownCookies shown(request.head(), services_.settings.cookie_names);
  for (const TokenCookie& form : cookie_forms(cookie, services_.settings.cookie_names)) {
    // One from an earlier sign-in could be tried before it, and admit somebody else.
    const bool is_older = form.name != cookie.name || form.domain != cookie.domain;
    if (is_older && shown.has_token(form.name)) answer.header("Set-Cookie", token_cookie(form, {}));
  }
  answer.json(session_json(granted->user_name, granted->login.expires, services_.sessions.csrf_token(token)));
}

runtime::Task<void> SessionResource::sign_out(RequestContext& request) {
  LATCHKEY_AWAIT(const bool ended, logins_.log_out(request));
  if (!ended) co_return;
  Reply answer = request.reply(204);
  // If a token from a header was ended, the cookie belongs to another token.
  const Presented& presented = request.presented();
  if (!presented.token || presented.by_cookie) {
    const ShownCookies shown(request.head(), services_.settings.cookie_names);
    for (const TokenCookie& form : cookie_forms(cookie_for(request), services_.settings.cookie_names)) {
      if (!shown.has_another(form.name)) answer.header("Set-Cookie", token_cookie(form, {}));
    }
  }
  answer.end();
}

TokenCookie SessionResource::cookie_for(const RequestContext& request) const noexcept {
  const ApiSettings& settings = services_.settings;
  return cookie_to_set(settings, cookie_domain_of(request.exchange(), settings),
                       is_under_tls(request.exchange(), settings));
}

runtime::Task<void> SessionResource::tell(RequestContext& request) {
  LATCHKEY_AWAIT(const Caller caller, identify(request, services_));
  if (caller.user_id == 0) co_return;
  const WallTime expires = services_.loop.wall_now() + services_.settings.token_timeout;
  request.reply(200).json(session_json(
      caller.name, expires, caller.token ? services_.sessions.csrf_token(*caller.token) : std::string()));
}

}  // namespace latchkey::api
