// The bytes of a whole connection, requests with bodies one behind the other, as Latchkey and as http-parser
// read them; first as at any listener, then as at one where each is a question and its head is all that is
// read. What both take must be the same request and end at the same byte. If only one takes it, a rule
// of parser_differences.h must say so.
#include <optional>
#include <string>

#include "fuzz/other_parser.h"
#include "fuzz/parser_differences.h"
#include "fuzz/property.h"
#include "http/chunked.h"
#include "latchkey/http/request_parser.h"

namespace latchkey::fuzz {
namespace {

using http::BodyFraming;
using http::ChunkedDecoder;
using http::ParseResult;
using http::RequestHead;

struct OwnMessage {
  OtherMessage::Status status = OtherMessage::Status::kIncomplete;
  const char* reason = "";     ///< if kRefused
  std::size_t bytes = 0;       ///< if kComplete
  std::size_t head_bytes = 0;  ///< of these bytes
  RequestHead head;
  std::string body;
};

/// Reads the chunked body at the start of `bytes` into the memory of `message.body`.
void read_chunks(std::string_view bytes, OwnMessage& message) {
  ChunkedDecoder decoder{http::ChunkedLimits{}};
  message.body = bytes;
  const ChunkedDecoder::Progress progress =
      decoder.decode(std::span(message.body.data(), message.body.size()));
  message.body.resize(progress.data_bytes);
  message.bytes += progress.consumed;
  if (progress.status == ChunkedDecoder::Progress::Status::kDone)
    message.status = OtherMessage::Status::kComplete;
  if (progress.status == ChunkedDecoder::Progress::Status::kRefused) {
    message.status = OtherMessage::Status::kRefused;
    message.reason = progress.refusal.reason;
  }
}

void read_by_latchkey(std::string_view bytes, OwnMessage& message) {
  const ParseResult parsed = parse_request_head(bytes, 0, {}, message.head);
  if (parsed.status == ParseResult::Status::kRefused) {
    message.status = OtherMessage::Status::kRefused;
    message.reason = parsed.refusal.reason;
  }
  if (parsed.status != ParseResult::Status::kComplete) return;
  message.head_bytes = parsed.head_bytes;
  message.bytes = parsed.head_bytes;
  const std::string_view rest = bytes.substr(parsed.head_bytes);
  if (message.head.body == BodyFraming::kChunked) return read_chunks(rest, message);
  if (message.head.content_length > rest.size()) return;
  message.body = rest.substr(0, static_cast<std::size_t>(message.head.content_length));
  message.bytes += message.body.size();
  message.status = OtherMessage::Status::kComplete;
}

void require_same(const OwnMessage& own, const OtherMessage& other) {
  require(other.bytes == own.bytes, "the message ends where http-parser has it end");
  require(other.method == own.head.method_text, "the method is http-parser's");
  require(other.target == own.head.target, "the target is http-parser's");
  require(other.body == own.body, "the body is http-parser's");
  require(other.fields.size() >= own.head.header_count, "http-parser has as many fields");
  for (std::size_t i = 0; i < own.head.header_count; ++i) {
    require(other.fields[i].first == own.head.headers[i].name, "the names are http-parser's");
    require(other.fields[i].second == own.head.headers[i].value, "the values are http-parser's");
  }
  const bool same_end = !own.head.keep_alive || other.keep_alive || may_end_otherwise(own.head);
  require(same_end, "where http-parser ends the connection it ends");
}

/// How many bytes to skip to the next request; nothing if the connection ends.
std::optional<std::size_t> compare_one(std::string_view bytes) {
  OwnMessage own;
  read_by_latchkey(bytes, own);
  const OtherMessage other = read_by_http_parser(bytes);
  if (own.status == OtherMessage::Status::kComplete) {
    const std::string_view behind_head = bytes.substr(own.head_bytes, own.bytes - own.head_bytes);
    if (other.status == OtherMessage::Status::kRefused &&
        reason_to_be_laxer(own.head, behind_head, other.error) != nullptr)
      return own.bytes;
    if (other.status != own.status) std::fprintf(stderr, "http-parser: %s\n", other.error);
    require(other.status == own.status, "Latchkey takes nothing that http-parser does not");
    require_same(own, other);
    return own.bytes;
  }
  if (other.status != OtherMessage::Status::kComplete) return std::nullopt;
  require(own.status == OtherMessage::Status::kRefused, "what http-parser takes whole keeps nobody waiting");
  if (!is_stricter_on_purpose(own.reason)) std::fprintf(stderr, "refused: %s\n", own.reason);
  require(is_stricter_on_purpose(own.reason), "Latchkey is stricter by a listed rule only");
  return std::nullopt;
}

/// The same where every request is a question: what http-parser takes has the same head, and without a body
/// the same end.
std::optional<std::size_t> compare_question(std::string_view bytes) {
  RequestHead head;
  const ParseResult parsed = parse_request_head(bytes, 0, {}, head);
  if (parsed.status != ParseResult::Status::kComplete && !parsed.refusal.is_readable) return std::nullopt;
  const bool has_body = head.body == BodyFraming::kChunked || head.content_length > 0;
  const OtherMessage other = read_by_http_parser(bytes);
  if (other.status == OtherMessage::Status::kComplete) {
    require(has_body ? other.bytes >= parsed.head_bytes : other.bytes == parsed.head_bytes,
            "a question ends where http-parser has its head end");
    require(other.method == head.method_text && other.target == head.target, "the line is http-parser's");
    require(other.fields.size() >= head.header_count, "http-parser has as many fields");
    for (std::size_t i = 0; i < head.header_count; ++i) {
      require(
          other.fields[i].first == head.headers[i].name && other.fields[i].second == head.headers[i].value,
          "the fields are http-parser's");
    }
  }
  if (has_body || !head.keep_alive) return std::nullopt;
  return parsed.head_bytes;
}

}  // namespace
}  // namespace latchkey::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = latchkey::fuzz::text_of(data, size);
  while (!rest.empty()) {
    const std::optional<std::size_t> bytes = latchkey::fuzz::compare_one(rest);
    if (!bytes) break;
    rest.remove_prefix(*bytes);
  }
  rest = latchkey::fuzz::text_of(data, size);
  while (!rest.empty()) {
    const std::optional<std::size_t> bytes = latchkey::fuzz::compare_question(rest);
    if (!bytes) break;
    rest.remove_prefix(*bytes);
  }
  return 0;
}
