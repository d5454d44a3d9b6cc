#include "api/rendition.h"

#include <algorithm>
#include <array>
#include <utility>

#include "api/page_place.h"
#include "latchkey/base/json_text.h"
#include "latchkey/base/secret.h"
#include "latchkey/http/written_answer.h"

namespace latchkey::api {

namespace {

constexpr std::string_view kChallenge = "WWW-Authenticate";
constexpr std::string_view kCacheControl = "Cache-Control";
constexpr std::string_view kContentTypeOptions = "X-Content-Type-Options";
constexpr std::string_view kTimeout = "Auth-Token-Timeout";

// Headers of the message that is not sent, which are of no use to a reader of the page; and the cookie, which
// no script may read.
constexpr std::array<std::string_view, 4> kNotShown = {"Date", "Connection", "Content-Length", "Set-Cookie"};

http::ResponseWriter::Context with_body(http::ResponseWriter::Context context) noexcept {
  context.head_only = false;
  return context;
}

void copy_headers(const http::WrittenAnswer& answer, http::ResponseWriter& response) {
  for (const http::WrittenHeader& header : answer.headers) {
    if (!http::is_common_header(header.name)) response.header(header.name, header.value);
  }
}

/// The headers of the exchange as a page shows them, by name: those set by the resource and those that
/// describe the exchange.
std::vector<http::WrittenHeader> shown_headers(const http::WrittenAnswer& answer) {
  std::vector<http::WrittenHeader> shown;
  for (const http::WrittenHeader& header : answer.headers) {
    if (std::find(kNotShown.begin(), kNotShown.end(), header.name) == kNotShown.end())
      shown.push_back(header);
  }
  std::sort(shown.begin(), shown.end(),
            [](const http::WrittenHeader& a, const http::WrittenHeader& b) { return a.name < b.name; });
  return shown;
}

}  // namespace

// The text may have held a token, but for a body that everybody gets.
Rendition::~Rendition() { wipe(written_.data(), written_.size() - prepared_bytes_); }

Rendition::Rendition(http::Exchange& exchange)
    : exchange_(exchange),
      writer_(written_, with_body(exchange.response.context())),
      inner_{exchange.head, exchange.body,         exchange.peer, exchange.memo,
             writer_,       exchange.is_unix_peer, exchange.asks, exchange.note} {}

void Rendition::send_indented(PreparedBodies& bodies, std::size_t indent, BootTime now) {
  const http::WrittenAnswer answer = http::WrittenAnswer::of(written_);
  if (send_bodyless(answer, now)) return;
  exchange_.response.status(answer.status);
  copy_headers(answer, exchange_.response);
  const std::string_view type = answer.value("Content-Type");
  if (const auto prepared = bodies.indented(answer.body, indent)) {
    prepared_bytes_ = answer.body.size();
    exchange_.response.body(type, *prepared, now);
  } else {
    exchange_.response.body(type, indent_json(answer.body, indent), now);
  }
}

bool Rendition::send_bodyless(const http::WrittenAnswer& answer, BootTime now) {
  if (!writer_.keep_alive()) exchange_.response.close_after();
  if (!answer.body.empty()) return false;
  exchange_.response.status(answer.status);
  copy_headers(answer, exchange_.response);
  exchange_.response.no_body(now);
  return true;
}

void Rendition::send_page(const Pages& pages, const PreparedBodies& bodies,
                          const ResourceDescription& description, std::vector<Breadcrumb> breadcrumbs,
                          const Visitor& visitor, std::string_view token_timeout, BootTime now) {
  http::WrittenAnswer answer = http::WrittenAnswer::of(written_);
  if (send_bodyless(answer, now)) return;
  http::ResponseWriter& response = exchange_.response;
  // For a resource without GET, the page itself is what the GET asked for (C-3).
  if (answer.status == 405 && exchange_.head.method == http::Method::kGet) answer.status = 200;
  for (http::WrittenHeader& header : answer.headers) {
    // For `Basic` a browser opens its own dialog, in front of the page that would explain it.
    if (header.name == kChallenge && header.value.starts_with("Basic")) header.value = "Token";
  }
  response.status(answer.status);
  // Showing who is signed in is a use of their token (C-31), even if the exchange was none.
  if (!visitor.user_name.empty() && answer.value(kTimeout).empty()) response.header(kTimeout, token_timeout);
  copy_headers(answer, response);
  add_page_headers(response);
  if (answer.value(kContentTypeOptions).empty()) response.header(kContentTypeOptions, "nosniff");
  // The resource's rules for caching its answer hold for the page too.
  if (answer.value(kCacheControl).empty()) response.header(kCacheControl, "no-store");
  const std::optional<std::string_view> prepared = bodies.shown(answer.body);
  if (prepared) prepared_bytes_ = answer.body.size();
  const std::string made = prepared ? std::string() : shown_json(answer.body);
  const ShownExchange shown{description,
                            std::move(breadcrumbs),
                            exchange_.head.method_text,
                            exchange_.head.path,
                            exchange_.head.query,
                            answer.status,
                            shown_headers(answer),
                            prepared ? *prepared : std::string_view(made)};
  pages.exchange(shown, visitor, response, now);
}

}  // namespace latchkey::api
