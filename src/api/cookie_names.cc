#include "latchkey/api/cookie_names.h"

#include "latchkey/base/assert.h"
#include "latchkey/http/characters.h"

namespace latchkey::api {

namespace {

/// Of `__Host-` and `__Secure-` in any case, and of those that may come (RFC 6265bis §4.1.3).
constexpr std::string_view kPrefixStart = "__";

}  // namespace

bool is_cookie_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= kMaxCookieNameBytes && !name.starts_with(kPrefixStart) &&
         http::all_are(http::kTokenCharacter, name);
}

CookieNames::CookieNames(std::string_view name) : host_name_(kHostPrefix) {
  LATCHKEY_ASSERT(is_cookie_name(name));
  host_name_ += name;
  lengths_ = std::uint64_t{1} << host_name_.size() | std::uint64_t{1} << name.size() |
             std::uint64_t{1} << kOriginalCookieName.size();
}

}  // namespace latchkey::api
