#include "http/request_rules.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include "latchkey/http/characters.h"
#include "latchkey/net/address.h"

namespace latchkey::http {

namespace {

constexpr Refusal kAccepted{};

/// For what breaks no rule of RFC 9112 about where a message ends and what its parts are.
constexpr Refusal as_readable(Refusal refusal) noexcept {
  refusal.is_readable = true;
  return refusal;
}

/// Cuts off and returns the next element of a comma-separated list, without surrounding blanks (RFC 9110
/// §5.6.1). Elements may be empty.
std::string_view next_element(std::string_view& list) noexcept {
  // Goes byte by byte, because a list of nothing but commas would pay for a search at each of them.
  std::size_t end = 0;
  while (end < list.size() && list[end] != ',') ++end;
  const std::string_view element = list.substr(0, end);
  list.remove_prefix(end < list.size() ? end + 1 : end);
  return trim_blanks(element);
}

bool is_port(std::string_view text) noexcept { return text.size() <= 5 && all_are(kDigitCharacter, text); }

/// uri-host [ ":" port ] of RFC 9110 §7.2: a name, an IPv4 address or a bracketed IPv6 address. Empty is
/// right if the target has no authority. Percent-encoding and IPvFuture are refused: no client sends them,
/// and some servers decode them.
[[gnu::always_inline]] inline bool is_host(std::string_view host) noexcept {
  if (host.empty()) return true;
  std::size_t at = 0;
  if (host.front() == '[') {
    const std::size_t bracket = host.find(']');
    if (bracket == std::string_view::npos) return false;
    const std::string_view address = host.substr(1, bracket - 1);
    if (address.find(':') == std::string_view::npos || !net::IpAddress::parse(address)) return false;
    at = bracket + 1;
  } else {
    while (at < host.size() && is_a(kHostCharacter, host[at])) ++at;
    if (at == 0) return false;
  }
  return at == host.size() || (host[at] == ':' && is_port(host.substr(at + 1)));
}

Refusal check_host(const RequestHead& head) noexcept {
  const std::size_t lines = head.lines(KnownHeader::kHost);
  if (lines > 1) return {400, "more than one Host"};
  if (lines == 0) return head.minor_version == 0 ? kAccepted : Refusal{400, "no Host"};
  return is_host(head.value(KnownHeader::kHost)) ? kAccepted : Refusal{400, "malformed Host"};
}

/// Takes scheme and authority off the path of an absolute-form target (RFC 9112 §3.2.2). The authority must
/// equal the Host, ignoring case: if only one of them names a default port, one request can be read in two
/// ways.
Refusal strip_authority(RequestHead& head) noexcept {
  std::string_view rest = head.path;
  const std::size_t colon = rest.find("://");
  const std::string_view scheme = rest.substr(0, colon);
  if (colon == std::string_view::npos ||
      !(equals_ignoring_case(scheme, "http") || equals_ignoring_case(scheme, "https"))) {
    return {400, "target is neither a path nor an http address"};
  }
  rest.remove_prefix(colon + 3);
  const std::size_t slash = rest.find('/');
  const std::string_view authority = rest.substr(0, slash);
  if (authority.empty() || !equals_ignoring_case(authority, head.value(KnownHeader::kHost))) {
    head.path = {};
    const Refusal refusal{400, "target's authority differs from Host"};
    return !authority.empty() && is_host(authority) ? as_readable(refusal) : refusal;
  }
  head.path = slash == std::string_view::npos ? std::string_view("/") : rest.substr(slash);
  return kAccepted;
}

Refusal check_target(RequestHead& head) noexcept {
  const bool is_path = head.target.front() == '/';
  if (head.method == Method::kConnect) {
    const Refusal refusal{400, "CONNECT is for proxies"};
    if (is_path) return as_readable(refusal);
    head.path = {};
    return is_host(head.target) ? as_readable(refusal) : refusal;
  }
  if (is_path) return kAccepted;
  if (head.target == "*") {
    if (head.method == Method::kOptions) return kAccepted;
    head.path = {};
    return as_readable({400, "target '*' without OPTIONS"});
  }
  return strip_authority(head);
}

/// Accepts exactly one `chunked`. Any other coding could hide a body's end from a server that does not know
/// it (RFC 9112 §6.1). If chunked is not last, the end cannot be found at all. That is 400 whatever the
/// codings are (§6.3 rule 4).
Refusal read_transfer_encoding(RequestHead& head) noexcept {
  if (head.minor_version == 0) return {400, "Transfer-Encoding in HTTP/1.0"};
  if (head.has(KnownHeader::kContentLength)) return {400, "both Content-Length and Transfer-Encoding"};
  if (head.lines(KnownHeader::kTransferEncoding) > 1) return {400, "more than one Transfer-Encoding"};
  std::string_view codings = head.value(KnownHeader::kTransferEncoding);
  if (codings.empty()) return {400, "empty Transfer-Encoding"};
  if (equals_ignoring_case(codings, "chunked")) {
    head.body = BodyFraming::kChunked;
    return kAccepted;
  }
  bool has_unknown = false;
  bool ends_in_chunked = false;
  while (!codings.empty()) {
    const std::string_view coding = next_element(codings);
    if (coding.empty()) continue;
    ends_in_chunked = equals_ignoring_case(coding, "chunked");
    has_unknown |= !ends_in_chunked;
  }
  if (!ends_in_chunked) return {400, "Transfer-Encoding does not end in chunked"};
  if (has_unknown) return {501, "unknown transfer coding"};
  return {400, "Transfer-Encoding is not exactly one chunked"};
}

/// Accepts one line of digits only. A repeated or listed length is refused even if all are equal (RFC 9112
/// §6.3 rule 5).
Refusal read_content_length(RequestHead& head) noexcept {
  if (head.lines(KnownHeader::kContentLength) > 1) return {400, "more than one Content-Length"};
  const std::string_view digits = head.value(KnownHeader::kContentLength);
  if (digits.empty() || !all_are(kDigitCharacter, digits)) return {400, "malformed Content-Length"};
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t length = 0;
  for (const char c : digits) {
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (length > (kMost - digit) / 10) return {400, "Content-Length overflows"};
    length = length * 10 + digit;
  }
  head.body = BodyFraming::kSized;
  head.content_length = length;
  return kAccepted;
}

Refusal read_framing(RequestHead& head) noexcept {
  head.body = BodyFraming::kNone;
  head.content_length = 0;
  if (head.has(KnownHeader::kTransferEncoding)) return read_transfer_encoding(head);
  if (head.has(KnownHeader::kContentLength)) return read_content_length(head);
  return kAccepted;
}

/// RFC 9112 §9.3: `close` overrides everything; HTTP/1.0 needs `keep-alive`. What follows CONNECT may be no
/// HTTP (RFC 9110 §9.3.6).
void read_persistence(RequestHead& head) noexcept {
  head.keep_alive = false;
  if (head.method == Method::kConnect) return;
  head.keep_alive = head.minor_version >= 1;
  std::size_t left = head.lines(KnownHeader::kConnection);
  if (left == 0) return;
  bool asks_close = false;
  bool asks_keep_alive = false;
  for (std::size_t i = 0; i < head.header_count && left > 0; ++i) {
    if (head.headers[i].known != KnownHeader::kConnection) continue;
    --left;
    std::string_view options = head.headers[i].value;
    while (!options.empty()) {
      const std::string_view option = next_element(options);
      asks_close |= equals_ignoring_case(option, "close");
      asks_keep_alive |= equals_ignoring_case(option, "keep-alive");
    }
  }
  head.keep_alive = !asks_close && (head.keep_alive || asks_keep_alive);
}

/// RFC 9110 §10.1.1: HTTP/1.0 cannot expect anything, and without a body there is nothing to hold back.
Refusal read_expectation(RequestHead& head) noexcept {
  head.expect_continue = false;
  const std::size_t lines = head.lines(KnownHeader::kExpect);
  if (lines == 0 || head.minor_version == 0) return kAccepted;
  if (lines > 1 || !equals_ignoring_case(head.value(KnownHeader::kExpect), "100-continue")) {
    return as_readable({417, "Expect other than 100-continue"});
  }
  head.expect_continue = head.body != BodyFraming::kNone;
  return kAccepted;
}

/// Fields that may occur only once, because two readers could pick different ones: credentials (C-30), and
/// what selects the body's decoder (RFC 9110 §5.3). Cookies are a list.
Refusal check_singletons(const RequestHead& head) noexcept {
  for (const KnownHeader name : {KnownHeader::kAuthorization, KnownHeader::kXAuthToken}) {
    if (head.lines(name) > 1) return as_readable({400, "a credential header stands twice"});
  }
  if (head.lines(KnownHeader::kContentType) > 1) return as_readable({400, "Content-Type stands twice"});
  return kAccepted;
}

}  // namespace

Refusal apply_request_rules(RequestHead& head) noexcept {
  Refusal found = check_host(head);
  if (!found) found = check_target(head);
  if (found && !found.is_readable) {
    head.path = {};
    return found;
  }
  // What makes the head unreadable counts before what does not.
  if (const Refusal refusal = read_framing(head)) return refusal;
  if (!found) found = check_singletons(head);
  read_persistence(head);
  const Refusal expectation = read_expectation(head);
  return found ? found : expectation;
}

}  // namespace latchkey::http
