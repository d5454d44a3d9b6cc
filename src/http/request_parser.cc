#include "latchkey/http/request_parser.h"

#include <algorithm>
#include <cstring>

#include "http/known_header.h"
#include "http/request_rules.h"
#include "http/scan.h"
#include "latchkey/base/assert.h"
#include "latchkey/http/characters.h"

namespace latchkey::http {

namespace {

using Status = ParseResult::Status;

constexpr std::string_view kVersionStart = "HTTP/";
constexpr std::size_t kVersionBytes = 8;  // `HTTP/1.1`

Method method_named(std::string_view name) noexcept {
  switch (name.size()) {
    case 3:
      if (name == "GET") return Method::kGet;
      return name == "PUT" ? Method::kPut : Method::kOther;
    case 4:
      if (name == "POST") return Method::kPost;
      return name == "HEAD" ? Method::kHead : Method::kOther;
    case 5:
      if (name == "PATCH") return Method::kPatch;
      return name == "TRACE" ? Method::kTrace : Method::kOther;
    case 6:
      return name == "DELETE" ? Method::kDelete : Method::kOther;
    case 7:
      if (name == "OPTIONS") return Method::kOptions;
      return name == "CONNECT" ? Method::kConnect : Method::kOther;
    default:
      return Method::kOther;
  }
}

/// Makes one pass over one head. Each step says whether the pass continues. If not, `stop_` says why.
template <class Scan>
class HeadPass {
 public:
  HeadPass(std::string_view bytes, const HeadLimits& limits, RequestHead& head) noexcept
      : bytes_(bytes.substr(0, limits.max_head_bytes)), limits_(limits), head_(head) {}

  ParseResult run() noexcept {
    if (!request_line()) return stop_at_limit(414, "request line too long");
    if (!field_lines()) return stop_at_limit(431, "header section too long");
    if (const Refusal refusal = apply_request_rules(head_)) {
      return {Status::kRefused, refusal.is_readable ? at_ : 0, refusal};
    }
    return {Status::kComplete, at_, {}};
  }

 private:
  bool wait_for_more() noexcept {
    stop_ = {};
    return false;
  }
  bool refuse(int http_status, const char* reason) noexcept {
    stop_ = {http_status, reason};
    return false;
  }
  bool at_end() const noexcept { return at_ == bytes_.size(); }

  /// More bytes cannot help once the window has all that the limit allows.
  ParseResult stop_at_limit(int http_status, const char* reason) noexcept {
    head_.path = {};
    if (stop_) return {Status::kRefused, 0, stop_};
    if (bytes_.size() == limits_.max_head_bytes) return {Status::kRefused, 0, {http_status, reason}};
    return {Status::kIncomplete, 0, {}};
  }

  bool line_end() noexcept {
    if (at_end()) return wait_for_more();
    if (bytes_[at_] != '\r') return refuse(400, "a line holds a control character or ends without CR");
    if (at_ + 1 == bytes_.size()) return wait_for_more();
    if (bytes_[at_ + 1] != '\n') return refuse(400, "CR without LF");
    at_ += 2;
    return true;
  }

  bool request_line() noexcept {
    if (!at_end() && bytes_[at_] == '\r' && !line_end()) return false;
    return method() && target() && version() && line_end();
  }

  bool method() noexcept {
    const std::size_t start = at_;
    at_ = Scan::token_end(bytes_, at_);
    if (at_end()) return wait_for_more();
    if (at_ == start || bytes_[at_] != ' ') return refuse(400, "malformed method");
    head_.method_text = bytes_.substr(start, at_ - start);
    head_.method = method_named(head_.method_text);
    ++at_;
    return true;
  }

  bool target() noexcept {
    const std::size_t start = at_;
    const std::size_t path_end = Scan::path_end(bytes_, at_);
    at_ = path_end;
    if (!at_end() && bytes_[at_] == '?') at_ = Scan::target_end(bytes_, at_ + 1);
    if (at_ - start > limits_.max_target_bytes) return refuse(414, "target too long");
    if (at_end()) return wait_for_more();
    if (at_ == start || bytes_[at_] != ' ') return refuse(400, "malformed target");
    head_.target = bytes_.substr(start, at_ - start);
    head_.path = bytes_.substr(start, path_end - start);
    head_.query = path_end == at_ ? std::string_view{} : bytes_.substr(path_end + 1, at_ - path_end - 1);
    ++at_;
    return true;
  }

  bool version() noexcept {
    const std::string_view text = bytes_.substr(at_, kVersionBytes);
    for (std::size_t i = 0; i < text.size(); ++i) {
      const bool fits = i < kVersionStart.size() ? text[i] == kVersionStart[i]
                        : i == 6                 ? text[i] == '.'
                                                 : is_a(kDigitCharacter, text[i]);
      if (!fits) return refuse(400, "malformed version");
    }
    if (text.size() < kVersionBytes) return wait_for_more();
    if (text[5] != '1') return refuse(505, "HTTP version other than 1");
    head_.minor_version = text[7] == '0' ? 0 : 1;
    at_ += kVersionBytes;
    return true;
  }

  bool field_lines() noexcept {
    head_.header_count = 0;
    head_.known = {};
    while (true) {
      if (at_end()) return wait_for_more();
      if (bytes_[at_] == '\r') return line_end();
      if (head_.header_count == limits_.max_headers) return refuse(431, "too many header fields");
      if (!field_line(head_.headers[head_.header_count])) return false;
      ++head_.header_count;
    }
  }

  bool field_line(Header& header) noexcept {
    const std::size_t name_start = at_;
    at_ = Scan::token_end(bytes_, at_);
    if (at_end()) return wait_for_more();
    // A blank here is obs-fold or precedes the colon. Proxies are known to read both differently (RFC 9112
    // §5.1, §5.2).
    if (at_ == name_start || bytes_[at_] != ':') return refuse(400, "malformed field name");
    const std::size_t name_end = at_++;
    while (!at_end() && is_blank(bytes_[at_])) ++at_;

    const std::size_t value_start = at_;
    at_ = Scan::value_end(bytes_, at_);
    std::size_t value_end = at_;
    if (!line_end()) return false;
    while (value_end > value_start && is_blank(bytes_[value_end - 1])) --value_end;

    header.name = bytes_.substr(name_start, name_end - name_start);
    header.value = bytes_.substr(value_start, value_end - value_start);
    header.known = find_known_header(header.name);
    if (header.known != KnownHeader::kOther) {
      RequestHead::KnownLines& known = head_.known[static_cast<std::size_t>(header.known)];
      if (known.lines++ == 0) known.first = static_cast<std::uint8_t>(head_.header_count);
    }
    return true;
  }

  std::string_view bytes_;  ///< As much as the limit allows for a head.
  const HeadLimits& limits_;
  RequestHead& head_;
  std::size_t at_ = 0;
  Refusal stop_;
};

/// Whether bytes from `scanned_before` on can change an answer of kIncomplete, because they end the head or
/// hold an LF that must be refused. Looks at each byte of a head once, however it is split.
bool may_have_ended(std::string_view bytes, std::size_t scanned_before) noexcept {
  std::size_t at = bytes.find('\n', scanned_before);
  for (; at != std::string_view::npos; at = bytes.find('\n', at + 1)) {
    const bool ends_empty_line = at >= 2 && bytes[at - 2] == '\n';
    if (at == 0 || bytes[at - 1] != '\r' || ends_empty_line) return true;
  }
  return false;
}

template <class Scan>
ParseResult parse(std::string_view bytes, std::size_t scanned_before, const HeadLimits& limits,
                  RequestHead& out) noexcept {
  LATCHKEY_ASSERT(scanned_before <= bytes.size() && limits.max_headers <= kMaxHeaders);
  const bool seen_before = scanned_before > 0 && bytes.size() < limits.max_head_bytes;
  if (seen_before && !may_have_ended(bytes, scanned_before)) return {};
  return HeadPass<Scan>(bytes, limits, out).run();
}

}  // namespace

ParseResult parse_request_head(std::string_view bytes, std::size_t scanned_before, const HeadLimits& limits,
                               RequestHead& out) noexcept {
  return parse<FastScan>(bytes, scanned_before, limits, out);
}

ParseResult parse_request_head_plain(std::string_view bytes, std::size_t scanned_before,
                                     const HeadLimits& limits, RequestHead& out) noexcept {
  return parse<PlainScan>(bytes, scanned_before, limits, out);
}

}  // namespace latchkey::http
