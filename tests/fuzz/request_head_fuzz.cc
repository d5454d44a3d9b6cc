// The parser of request heads, compared with its twin without SIMD, with the plain reader, with itself at
// every cut, and with its own result written out again. The first byte chooses the limits.
#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include "fuzz/plain_request.h"
#include "fuzz/property.h"
#include "latchkey/http/request_parser.h"

namespace latchkey::fuzz {
namespace {

using http::HeadLimits;
using http::ParseResult;
using http::RequestHead;
using Status = ParseResult::Status;

constexpr std::array<HeadLimits, 2> kLimits = {
    HeadLimits{}, HeadLimits{.max_head_bytes = 96, .max_target_bytes = 24, .max_headers = 3}};

/// Whether the head is valid: a listener for questions takes it.
bool is_whole(const ParseResult& result) {
  return result.status == Status::kComplete || result.refusal.is_readable;
}

bool is_same(const ParseResult& left, const ParseResult& right) {
  return left.status == right.status && left.head_bytes == right.head_bytes &&
         left.refusal.http_status == right.refusal.http_status &&
         left.refusal.is_readable == right.refusal.is_readable &&
         std::string_view(left.refusal.reason) == right.refusal.reason;
}

/// Compares all that is valid in a whole head, except where it lies.
bool is_same(const RequestHead& left, const RequestHead& right) {
  bool same = left.method == right.method && left.method_text == right.method_text &&
              left.target == right.target && left.path == right.path && left.query == right.query &&
              left.minor_version == right.minor_version && left.body == right.body &&
              left.content_length == right.content_length && left.keep_alive == right.keep_alive &&
              left.expect_continue == right.expect_continue && left.header_count == right.header_count;
  for (std::size_t i = 0; same && i < left.header_count; ++i) {
    same = left.headers[i].name == right.headers[i].name && left.headers[i].value == right.headers[i].value &&
           left.headers[i].known == right.headers[i].known;
  }
  for (std::size_t i = 0; same && i < http::kKnownHeaderCount; ++i) {
    same = left.known[i].lines == right.known[i].lines &&
           (left.known[i].lines == 0 || left.known[i].first == right.known[i].first);
  }
  return same;
}

bool is_same(const RequestHead& head, const PlainRequest& plain) {
  bool same = head.method_text == plain.method && head.target == plain.target && head.path == plain.path &&
              head.query == plain.query && head.minor_version == plain.minor_version &&
              static_cast<int>(head.body) == static_cast<int>(plain.body) &&
              head.content_length == plain.content_length && head.keep_alive == plain.keep_alive &&
              head.expect_continue == plain.expect_continue && head.header_count == plain.fields.size();
  for (std::size_t i = 0; same && i < head.header_count; ++i) {
    same = head.headers[i].name == plain.fields[i].first && head.headers[i].value == plain.fields[i].second;
  }
  return same;
}

void check_bounds(std::string_view bytes, const HeadLimits& limits, const ParseResult& result,
                  const RequestHead& head) {
  if (result.status == Status::kIncomplete)
    require(bytes.size() < limits.max_head_bytes, "a full window is an answer");
  if (!is_whole(result)) return;
  require(result.head_bytes > 0, "a head has bytes");
  require(result.head_bytes <= bytes.size() && result.head_bytes <= limits.max_head_bytes,
          "a head ends in its limit");
  require(head.header_count <= limits.max_headers, "the fields keep their number");
  require(head.target.size() <= limits.max_target_bytes, "the target keeps its length");
  const std::string_view whole = bytes.substr(0, result.head_bytes);
  require(lies_within(head.method_text, whole) && lies_within(head.target, whole), "views lie in the head");
  for (std::size_t i = 0; i < head.header_count; ++i) {
    require(lies_within(head.headers[i].name, whole) && lies_within(head.headers[i].value, whole),
            "views lie in the head");
  }
}

/// The bytes come in two parts, cut anywhere.
void check_cuts(std::string_view bytes, const HeadLimits& limits, const ParseResult& whole,
                const RequestHead& head) {
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    // A copy, so that a load beyond the cut is noticed.
    const auto copy = std::make_unique<char[]>(cut);
    std::copy_n(bytes.data(), cut, copy.get());
    RequestHead cut_head;
    const ParseResult before = parse_request_head({copy.get(), cut}, 0, limits, cut_head);
    if (before.status != Status::kIncomplete) {
      require(is_same(before, whole), "what was decided is not decided anew");
      continue;
    }
    const ParseResult after = parse_request_head(bytes, cut, limits, cut_head);
    if (after.status == Status::kIncomplete) {
      // A line that is wrong may be refused only after the head has ended.
      require(!is_whole(whole), "a whole head is seen however it is cut");
      continue;
    }
    require(is_same(after, whole), "the cut makes no difference");
    if (is_whole(whole)) require(is_same(cut_head, head), "the cut makes no difference to the head");
  }
}

std::string written_out(const RequestHead& head) {
  std::string text(head.method_text);
  text.append(" ").append(head.target).append(head.minor_version == 0 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
  for (std::size_t i = 0; i < head.header_count; ++i) {
    text.append(head.headers[i].name).append(":").append(head.headers[i].value).append("\r\n");
  }
  return text.append("\r\n");
}

void check_written_out(const HeadLimits& limits, const ParseResult& before, const RequestHead& head) {
  const std::string text = written_out(head);
  RequestHead again;
  const ParseResult result = parse_request_head(text, 0, limits, again);
  require(result.status == before.status && is_whole(result) && result.head_bytes == text.size(),
          "what it accepts it accepts again");
  require(is_same(again, head), "what it accepts is written back equal");
}

}  // namespace
}  // namespace latchkey::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latchkey::fuzz;
  if (size == 0) return 0;
  const HeadLimits& limits = kLimits[data[0] % kLimits.size()];
  const std::string_view bytes = text_of(data + 1, size - 1);

  RequestHead head;
  const ParseResult result = parse_request_head(bytes, 0, limits, head);
  check_bounds(bytes, limits, result, head);

  RequestHead twin_head;
  const ParseResult twin = parse_request_head_plain(bytes, 0, limits, twin_head);
  require(is_same(result, twin), "the twins agree");

  const PlainLimits plain_limits{limits.max_head_bytes, limits.max_target_bytes, limits.max_headers};
  const std::optional<PlainRequest> plain = read_plainly(bytes, plain_limits);
  require((result.status == Status::kComplete) == plain.has_value(), "the plain reader accepts the same");
  const std::optional<PlainRequest> asked = read_plainly(bytes, plain_limits, true);
  require(is_whole(result) == asked.has_value(), "the plain reader takes the same for a question");

  if (asked) {
    require(is_same(head, twin_head), "the twins' heads agree");
    require(result.head_bytes == asked->head_bytes && is_same(head, *asked),
            "the plain reader reads the same");
    check_written_out(limits, result, head);
  }
  check_cuts(bytes, limits, result, head);
  return 0;
}
