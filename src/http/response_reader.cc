#include "latchkey/http/response_reader.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "latchkey/http/characters.h"

namespace latchkey::http {

namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";

// How many of `bytes` belong to a head that began with `held`; 0 if they do not contain its end.
std::size_t rest_of_head(std::string_view held, std::string_view bytes) {
  // The end may span the seam.
  const std::size_t overlap = std::min(held.size(), kHeadEnd.size() - 1);
  if (overlap > 0) {
    std::string seam(held.substr(held.size() - overlap));
    seam.append(bytes.substr(0, kHeadEnd.size() - 1));
    const std::size_t at = seam.find(kHeadEnd);
    if (at != std::string::npos) return at + kHeadEnd.size() - overlap;
  }
  const std::size_t at = bytes.find(kHeadEnd);
  return at == std::string_view::npos ? 0 : at + kHeadEnd.size();
}

}  // namespace

void ResponseReader::reset() {
  answer_ = {};
  refusal_ = {};
  head_.clear();
  body_.clear();
  in_body_ = false;
}

ResponseReader::Step ResponseReader::next(std::string_view& bytes, bool to_head, bool keep_body) {
  // The number of bytes bounds this loop: each iteration takes some or returns.
  while (!in_body_) {
    if (bytes.empty()) return Step::kNeedMore;
    const std::size_t length = rest_of_head(head_, bytes);
    if (head_.size() + (length == 0 ? bytes.size() : length) > kMaxHeadBytes) {
      refuse("the head of an answer is longer than 16 KiB");
      return Step::kRefused;
    }
    if (length == 0) {
      head_.append(bytes);
      bytes = {};
      return Step::kNeedMore;
    }
    std::string_view head = bytes.substr(0, length);
    if (!head_.empty()) head = head_.append(head);
    const bool is_good = parse_head(head, to_head);
    bytes.remove_prefix(length);
    head_.clear();
    if (!is_good) return Step::kRefused;
    constexpr int kFirstFinal = 200;
    in_body_ = answer_.status >= kFirstFinal;
  }
  return take_body(bytes, keep_body);
}

ResponseReader::Step ResponseReader::take_body(std::string_view& bytes, bool keep_body) {
  const std::string_view part = bytes.substr(0, std::min<std::uint64_t>(body_left_, bytes.size()));
  bytes.remove_prefix(part.size());
  body_left_ -= part.size();
  const bool is_whole = body_left_ == 0;
  if (keep_body) {
    if (part.size() > max_kept_bytes_ - body_.size()) {
      refuse("the body of an answer is longer than what is kept of one");
      return Step::kRefused;
    }
    body_.append(part);
  }
  if (!is_whole) return Step::kNeedMore;
  answer_.body = body_;
  in_body_ = false;
  return Step::kAnswer;
}

bool ResponseReader::parse_head(std::string_view head, bool to_head) {
  answer_ = {};
  body_.clear();
  body_left_ = 0;
  has_length_ = false;
  std::size_t line_end = head.find("\r\n");
  if (!parse_status_line(head.substr(0, line_end))) return false;
  head.remove_prefix(line_end + 2);
  while (head.size() > 2) {
    // memchr, not find: most of the cost of reading an answer is finding the ends of its lines.
    const void* const newline = std::memchr(head.data(), '\n', head.size());
    line_end = static_cast<std::size_t>(static_cast<const char*>(newline) - head.data());
    if (line_end == 0 || head[line_end - 1] != '\r') return refuse("a line of an answer ends in a bare LF");
    if (!parse_field(head.substr(0, line_end - 1))) return false;
    head.remove_prefix(line_end + 1);
  }
  return settle_length(to_head);
}

// RFC 9112 §4: HTTP-version SP status-code SP [reason-phrase].
bool ResponseReader::parse_status_line(std::string_view line) {
  constexpr std::string_view kVersion = "HTTP/1.";
  constexpr std::size_t kCodeAt = 9;
  constexpr std::size_t kCodeEnd = 12;
  if (!line.starts_with(kVersion) || line.size() < kCodeEnd || (line[7] != '0' && line[7] != '1') ||
      line[8] != ' ' || (line.size() > kCodeEnd && line[kCodeEnd] != ' ') ||
      line.find('\n') != std::string_view::npos) {
    return refuse("an answer does not begin with HTTP/1.1 and a status");
  }
  for (const char c : line.substr(kCodeAt, 3)) {
    if (!is_a(kDigitCharacter, c)) return refuse("the status of an answer is not a number");
    answer_.status = answer_.status * 10 + (c - '0');
  }
  if (answer_.status < 100 || answer_.status > 599)
    return refuse("the status of an answer is not in 100 to 599");
  answer_.keep_alive = line[7] == '1';
  return true;
}

bool ResponseReader::parse_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return refuse("a line of an answer's head has no name");
  if (line[0] == ' ' || line[0] == '\t' || line[colon - 1] == ' ' || line[colon - 1] == '\t') {
    return refuse("a name in an answer's head has white space beside it");
  }
  const std::string_view name = line.substr(0, colon);
  // The three names that matter begin with these letters. Most others do not.
  const char initial = to_lower(name[0]);
  if (initial != 'c' && initial != 't') return true;
  const std::string_view value = trim_blanks(line.substr(colon + 1));
  if (equals_ignoring_case(name, "content-length")) return parse_length(value);
  if (equals_ignoring_case(name, "transfer-encoding")) {
    return refuse("the answer has Transfer-Encoding, and only Content-Length is read here");
  }
  if (equals_ignoring_case(name, "connection")) {
    if (equals_ignoring_case(value, "close")) answer_.keep_alive = false;
    if (equals_ignoring_case(value, "keep-alive")) answer_.keep_alive = true;
  }
  return true;
}

bool ResponseReader::parse_length(std::string_view value) {
  std::uint64_t length = 0;
  const char* const end = value.data() + value.size();
  const auto [rest, error] = std::from_chars(value.data(), end, length);
  if (error != std::errc{} || rest != end) return refuse("the Content-Length of an answer is not a number");
  if (has_length_ && length != body_left_) return refuse("an answer has two lengths");
  has_length_ = true;
  body_left_ = length;
  return true;
}

// RFC 9112 §6.3. Refuses an answer that would end with its connection: one request per connection would
// measure connecting, and a truncated answer would look whole.
bool ResponseReader::settle_length(bool to_head) {
  constexpr int kNoContent = 204;
  constexpr int kNotModified = 304;
  const bool has_no_body =
      to_head || answer_.status < 200 || answer_.status == kNoContent || answer_.status == kNotModified;
  if (has_no_body) {
    body_left_ = 0;
    return true;
  }
  return has_length_ || refuse("the answer has no Content-Length");
}

}  // namespace latchkey::http
