#include "api/page_place.h"

#include <fmt/format.h>

#include "api/page_paths.h"

namespace latchkey::api {

namespace {

constexpr std::string_view kApiLink = R"(<a href="/api/">API</a>)";

// Allows style, script, images and requests from this server only, and nothing inline.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

}  // namespace

Place place_of(std::string_view path) noexcept {
  if (is_of_pages(path)) return {kPagesHomePath.text(), "/auth/static/", false};
  return {path == kHomePath.text() ? path : kPagesHomePath.text(), "/api/static/", true};
}

void set_place(GapTexts& texts, const Place& place) noexcept {
  texts.set(Gap::kHome, place.home);
  texts.set(Gap::kFiles, place.files);
  if (place.has_api) texts.set(Gap::kApiLink, kApiLink);
}

void add_page_headers(http::ResponseWriter& response, std::string_view origin) {
  if (origin.empty()) {
    response.header("Content-Security-Policy", kContentSecurityPolicy);
  } else {
    response.header("Content-Security-Policy",
                    fmt::format("default-src 'none'; style-src {0}; img-src {0}; form-action 'none'; "
                                "base-uri 'none'; frame-ancestors 'none'",
                                origin));
  }
  response.header("Referrer-Policy", "same-origin").header("Cross-Origin-Opener-Policy", "same-origin");
}

}  // namespace latchkey::api
