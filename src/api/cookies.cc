#include "api/cookies.h"

#include <sodium.h>

#include <optional>

#include "api/request_context.h"
#include "latchkey/http/authority.h"
#include "latchkey/http/forwarded.h"
#include "latchkey/http/media_type.h"
#include "latchkey/http/origin.h"

namespace latchkey::api {

namespace {

constexpr std::string_view kFetchSite = "Sec-Fetch-Site";
constexpr std::string_view kOrigin = "Origin";

/// Fetch: a browser says where an unsafe request comes from.
bool is_from_browser(const http::RequestHead& head) noexcept {
  return http::find_other_header(head, kFetchSite).lines != 0 ||
         http::find_other_header(head, kOrigin).lines != 0;
}

bool is_same(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

TokenCookie cookie_to_set(const ApiSettings& settings, std::string_view domain, bool is_secure) noexcept {
  const CookieNames& names = settings.cookie_names;
  const bool is_host_only = is_secure && domain.empty();
  return {is_host_only ? names.host_name() : names.name(), domain, is_secure, settings.cookie_same_site};
}

std::string token_cookie(const TokenCookie& cookie, std::string_view token) {
  std::string text(cookie.name);
  text.append("=").append(token).append("; Path=/; HttpOnly; SameSite=");
  text += cookie.same_site == SameSite::kStrict ? "Strict" : "Lax";
  if (!cookie.domain.empty()) text.append("; Domain=").append(cookie.domain);
  if (token.empty()) text += "; Max-Age=0";
  if (cookie.is_secure) text += "; Secure";
  return text;
}

std::vector<TokenCookie> cookie_forms(const TokenCookie& set, const CookieNames& names) {
  std::vector<TokenCookie> forms = {set};
  const auto add = [&forms, &set](std::string_view name, std::string_view domain) {
    if (name != set.name || domain != set.domain)
      forms.push_back({name, domain, set.is_secure, set.same_site});
  };
  const auto add_with_domain = [&add, &set](std::string_view name) {
    add(name, {});
    if (!set.domain.empty()) add(name, set.domain);
  };
  // In the open a browser sends no cookie with the prefix, and takes none.
  if (set.is_secure) add(names.host_name(), {});
  add_with_domain(names.name());
  if (names.name() != kOriginalCookieName) add_with_domain(kOriginalCookieName);
  return forms;
}

bool is_under_tls(const http::Exchange& exchange, const ApiSettings& settings) noexcept {
  return settings.secure_cookies ||
         http::came_over_https(is_trusted_peer(exchange, settings), settings.trusted_proxies,
                               settings.forwarded_source, exchange.head);
}

std::string_view cookie_domain_of(const http::Exchange& exchange, const ApiSettings& settings) noexcept {
  if (settings.sites.empty()) return {};
  const http::Site site = http::site_of(is_trusted_peer(exchange, settings), settings.trusted_proxies,
                                        settings.forwarded_source, exchange.head);
  const std::optional<http::Authority> authority = http::parse_authority(site.authority);
  return authority ? settings.sites.cookie_domain_of(authority->host) : std::string_view{};
}

bool is_from_here(const http::RequestHead& head) noexcept {
  const http::OtherHeader site = http::find_other_header(head, kFetchSite);
  return site.lines == 0 || (site.lines == 1 && (site.value == "same-origin" || site.value == "none"));
}

bool may_be_another_sites_form(const http::Exchange& exchange, const ApiSettings& settings) noexcept {
  const http::RequestHead& head = exchange.head;
  const auto type = http::MediaType::parse(head.value(http::KnownHeader::kContentType));
  if (type && type->is("application", "json")) return false;
  if (http::find_other_header(head, kFetchSite).lines != 0) return !is_from_here(head);
  const http::OtherHeader origin = http::find_other_header(head, kOrigin);
  if (origin.lines == 0) return false;
  const http::Site site = http::site_of(is_trusted_peer(exchange, settings), settings.trusted_proxies,
                                        settings.forwarded_source, head);
  return origin.lines != 1 || !http::is_origin_of(origin.value, site);
}

bool is_forged(const http::RequestHead& head, Access access, const Presented& presented,
               const Sessions& sessions) {
  // A token that was never given out authenticates nothing.
  if (!presented.by_cookie || !presented.token) return false;
  if (!is_from_here(head)) return true;
  const http::OtherHeader shown = http::find_other_header(head, kCsrfHeader);
  if (shown.lines == 0 && access == Access::kHolder && !is_from_browser(head)) return false;
  return shown.lines != 1 || !is_same(shown.value, sessions.csrf_token(*presented.token));
}

}  // namespace latchkey::api
