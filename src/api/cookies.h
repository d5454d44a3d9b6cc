// The cookie that signs a browser in, and its protection from other sites. No script can read the cookie.
// From another site it is sent along only where a link to here is followed (SameSite=Lax), or not even then
// (Strict). An unsafe request that only the cookie authenticates must also show a second value, which only
// this server's pages carry (OWASP, Cross-Site Request Forgery Prevention: signed token).
// Thread: any; all are pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/credentials.h"
#include "api/description.h"
#include "latchkey/api/sessions.h"
#include "latchkey/api/settings.h"
#include "latchkey/http/handler.h"

namespace latchkey::api {

/// The header that carries the second value.
inline constexpr std::string_view kCsrfHeader = "X-CSRF-Token";

/// The words of Django REST framework, which clients know.
inline constexpr std::string_view kForgeryText = "CSRF Failed: CSRF token missing or incorrect.";

/// One form of the cookie. A browser keeps those that differ in name or domain side by side.
struct TokenCookie {
  std::string_view name;
  std::string_view domain{};  ///< whose hosts share it; empty: the answering host alone
  bool is_secure = false;     ///< the client's connection is under TLS
  SameSite same_site = SameSite::kLax;
};

/// The form in which the cookie is set.
TokenCookie cookie_to_set(const ApiSettings& settings, std::string_view domain, bool is_secure) noexcept;

/// The value of `Set-Cookie` that gives the cookie this token. An empty token ends it.
std::string token_cookie(const TokenCookie& cookie, std::string_view token);

/// Every form in which this host may have set the cookie, whatever the settings were then, with the
/// attributes of `set`. `set` itself comes first.
std::vector<TokenCookie> cookie_forms(const TokenCookie& set, const CookieNames& names);

/// Whether the client's connection is under TLS. The operator says so, or a trusted proxy does by
/// `X-Forwarded-Proto` or `Forwarded`, whichever source is trusted (C-34).
bool is_under_tls(const http::Exchange& exchange, const ApiSettings& settings) noexcept;

/// The domain that the cookie is set for at the host that the client asked (C-34, `cookie_domain`). Empty for
/// the host's own.
std::string_view cookie_domain_of(const http::Exchange& exchange, const ApiSettings& settings) noexcept;

/// Whether the browser, if it is one, says that no other site took part in the request (Fetch Metadata).
bool is_from_here(const http::RequestHead& head) noexcept;

/// Whether a browser may have sent this body for a page of another site without asking here first (Fetch,
/// CORS-safelisted request-header). Such a page could get its visitors' addresses throttled by failed logins
/// (C-20). The origin of a request is told by `Sec-Fetch-Site`, or else by `Origin`, which is compared with
/// the request's destination. A client that sends neither is no browser.
bool may_be_another_sites_form(const http::Exchange& exchange, const ApiSettings& settings) noexcept;

/// Whether an unsafe request with these credentials may come from another site. That is so if they are a
/// cookie and the second value is missing or wrong, or if the browser says that the request comes from
/// elsewhere. Operations for a token's holder are older than the second value. So their clients may omit it
/// if they are no browsers, that is, if they send neither `Origin` nor `Sec-Fetch-Site`, which every browser
/// does.
bool is_forged(const http::RequestHead& head, Access access, const Presented& presented,
               const Sessions& sessions);

}  // namespace latchkey::api
