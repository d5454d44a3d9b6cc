// The cookie that a browser is signed in with, and what keeps other sites from using it: it is never readable
// by script, never sent along from another site (SameSite=Strict), and an unsafe request that it alone
// authenticates must show a second value that only this server's pages carry (OWASP, Cross-Site Request
// Forgery Prevention: signed token). Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "api/credentials.h"
#include "api/description.h"
#include "latchkey/api/sessions.h"
#include "latchkey/api/settings.h"
#include "latchkey/http/handler.h"

namespace latchkey::api {

/// The header that carries the second value.
inline constexpr std::string_view kCsrfHeader = "X-CSRF-Token";

/// Django REST framework's words, which clients know.
inline constexpr std::string_view kForgeryText = "CSRF Failed: CSRF token missing or incorrect.";

/// The value of `Set-Cookie` for this token; an empty one ends the cookie.
std::string token_cookie(std::string_view token, bool is_secure);

/// Whether the client's connection is under TLS: the operator says so, or a trusted proxy does by
/// `X-Forwarded-Proto` or `Forwarded`, whichever of the two sources is believed (C-34).
bool is_under_tls(const http::Exchange& exchange, const ApiSettings& settings) noexcept;

/// Whether the browser, if it is one, says that no other site had a part in the request (Fetch Metadata).
bool is_from_here(const http::RequestHead& head) noexcept;

/// Whether a browser may have sent this body for a page of another site without asking here first (Fetch,
/// CORS-safelisted request-header): such a page could have its visitors' addresses throttled by logins that
/// fail (C-20). What says where a request comes from is `Sec-Fetch-Site`, else `Origin`, which is held
/// against where the request was sent; who sends neither is no browser.
bool may_be_another_sites_form(const http::Exchange& exchange, const ApiSettings& settings) noexcept;

/// Whether an unsafe request with these credentials may come from another site: they are a cookie, and the
/// second value is missing or wrong, or the browser says that the request comes from elsewhere. An operation
/// for a token's holder is older than the second value: clients of it that are no browsers (they send neither
/// `Origin` nor `Sec-Fetch-Site`, as every browser does) go without.
bool is_forged(const http::RequestHead& head, Access access, const Presented& presented,
               const Sessions& sessions);

}  // namespace latchkey::api
