#include "api/navigation.h"

#include <string_view>

#include "latchkey/base/percent.h"
#include "latchkey/http/negotiation.h"

namespace latchkey::api {

namespace {

// nginx takes a head of 4 KiB from an upstream server by default (proxy_buffer_size).
constexpr std::size_t kMaxEncodedUrlBytes = 2048;

}  // namespace

bool is_navigation(const http::RequestHead& head, const OriginalRequest& about) noexcept {
  if (!about.is_repeatable()) return false;
  const http::OtherHeader mode = http::find_other_header(head, "Sec-Fetch-Mode");
  if (mode.lines != 0) return mode.lines == 1 && mode.value == "navigate";
  return http::prefers_page(head);
}

std::string sign_in_location(const Site& site, const OriginalRequest& about) {
  const SiteRules& rules = site.rules();
  if (!rules.redirect || rules.sign_in.empty()) return {};
  OriginalRequest shortened = about;
  std::string back = percent_encode_component(shortened.url());
  if (back.size() > kMaxEncodedUrlBytes) {
    shortened.query = {};
    back = percent_encode_component(shortened.url());
  }
  if (back.size() > kMaxEncodedUrlBytes) {
    shortened.path = "/";
    back = percent_encode_component(shortened.url());
  }
  const char mark = rules.sign_in.find('?') == std::string::npos ? '?' : '&';
  return rules.sign_in + mark + "rd=" + back;
}

}  // namespace latchkey::api
