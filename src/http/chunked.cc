#include "http/chunked.h"

#include <algorithm>
#include <cstring>

#include "latchkey/base/assert.h"
#include "latchkey/http/characters.h"

namespace latchkey::http {

namespace {

constexpr std::uint8_t kMaxSizeDigits = 16;  // 64 bits; leading zeros count, which keeps a size line short.

}  // namespace

ChunkedDecoder::Progress ChunkedDecoder::decode(std::span<char> bytes) noexcept {
  LATCHKEY_ASSERT(state_ != State::kDone && state_ != State::kRefused);
  std::size_t in = 0;
  std::size_t out = 0;
  while (in < bytes.size() && state_ != State::kDone && state_ != State::kRefused) {
    if (state_ != State::kData) {
      step(bytes[in++]);
      continue;
    }
    const std::size_t run = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_left_, bytes.size() - in));
    std::memmove(bytes.data() + out, bytes.data() + in, run);
    in += run;
    out += run;
    chunk_left_ -= run;
    if (chunk_left_ == 0) state_ = State::kDataCr;
  }
  if (state_ == State::kRefused) return {Progress::Status::kRefused, in, out, refusal_};
  return {state_ == State::kDone ? Progress::Status::kDone : Progress::Status::kNeedMore, in, out, {}};
}

void ChunkedDecoder::refuse(int http_status, const char* reason) noexcept {
  state_ = State::kRefused;
  refusal_ = {http_status, reason};
}

void ChunkedDecoder::expect(char c, char wanted, State next) noexcept {
  if (c == wanted) {
    state_ = next;
  } else {
    refuse(400, "chunked body: a line or chunk ends without CRLF");
  }
}

void ChunkedDecoder::step(char c) noexcept {
  switch (state_) {
    case State::kSizeFirst:
    case State::kSize:
      return step_size(c);
    case State::kSizeLf:
      expect(c, '\n', State::kData);
      if (state_ == State::kData) begin_chunk();
      return;
    case State::kDataCr:
      return expect(c, '\r', State::kDataLf);
    case State::kDataLf:
      digits_ = 0;
      return expect(c, '\n', State::kSizeFirst);
    case State::kTrailerFirst:
    case State::kTrailerName:
    case State::kTrailerValue:
    case State::kTrailerLf:
      return step_trailer(c);
    case State::kFinalLf:
      return expect(c, '\n', State::kDone);
    default:
      return step_extension(c);
  }
}

void ChunkedDecoder::step_size(char c) noexcept {
  if (hex_digit_value(c) >= 0) return add_digit(c);
  if (state_ == State::kSizeFirst) return refuse(400, "chunked body: a chunk without size");
  if (c == '\r') {
    state_ = State::kSizeLf;
  } else if (c == ';' || is_blank(c)) {
    state_ = c == ';' ? State::kExtensionNameFirst : State::kExtensionGap;
  } else {
    refuse(400, "chunked body: malformed chunk size");
  }
}

void ChunkedDecoder::add_digit(char c) noexcept {
  if (digits_ == kMaxSizeDigits) return refuse(400, "chunked body: chunk size overflows");
  chunk_left_ = (digits_ == 0 ? 0 : chunk_left_ << 4) | static_cast<std::uint64_t>(hex_digit_value(c));
  ++digits_;
  state_ = State::kSize;
}

void ChunkedDecoder::begin_chunk() noexcept {
  if (chunk_left_ == 0) {
    state_ = State::kTrailerFirst;
    return;
  }
  if (chunk_left_ > limits_.max_body_bytes - body_bytes_) return refuse(413, "the body is too large");
  body_bytes_ += chunk_left_;
}

bool ChunkedDecoder::ends_extension(char c) noexcept {
  if (c == ';') {
    state_ = State::kExtensionNameFirst;
  } else if (c == '\r') {
    state_ = State::kSizeLf;
  } else if (is_blank(c)) {
    state_ = State::kExtensionGap;
  } else {
    return false;
  }
  return true;
}

/// chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] ), RFC 9112 §7.1.1
void ChunkedDecoder::step_extension(char c) noexcept {
  if (++extension_bytes_ > limits_.max_extension_bytes)
    return refuse(400, "chunked body: extensions too long");
  const auto go_to = [this](State next) { state_ = next; };
  switch (state_) {
    case State::kExtensionGap:
      if (is_blank(c)) return;
      if (c == ';') return go_to(State::kExtensionNameFirst);
      break;
    case State::kExtensionNameFirst:
      if (is_blank(c)) return;
      if (is_a(kTokenCharacter, c)) return go_to(State::kExtensionName);
      break;
    case State::kExtensionName:
      if (is_a(kTokenCharacter, c)) return;
      if (c == '=') return go_to(State::kExtensionValueFirst);
      if (is_blank(c)) return go_to(State::kExtensionNameGap);
      if (ends_extension(c)) return;
      break;
    case State::kExtensionNameGap:
      if (is_blank(c)) return;
      if (c == '=') return go_to(State::kExtensionValueFirst);
      if (c == ';') return go_to(State::kExtensionNameFirst);
      break;
    case State::kExtensionValueFirst:
      if (is_blank(c)) return;
      if (c == '"') return go_to(State::kExtensionQuoted);
      if (is_a(kTokenCharacter, c)) return go_to(State::kExtensionToken);
      break;
    case State::kExtensionToken:
      if (is_a(kTokenCharacter, c) || ends_extension(c)) return;
      break;
    case State::kExtensionQuoted:
      if (c == '"') return go_to(State::kExtensionQuotedEnd);
      if (c == '\\') return go_to(State::kExtensionQuotedPair);
      if (is_a(kQuotedCharacter, c)) return;
      break;
    case State::kExtensionQuotedPair:
      if (is_a(kValueCharacter, c)) return go_to(State::kExtensionQuoted);
      break;
    default:  // kExtensionQuotedEnd
      if (ends_extension(c)) return;
      break;
  }
  refuse(400, "chunked body: malformed chunk extension");
}

/// The rules of the header section apply to trailers too (RFC 9112 §7.1.2).
void ChunkedDecoder::step_trailer(char c) noexcept {
  if (++trailer_bytes_ > limits_.max_trailer_bytes) return refuse(431, "trailer section too long");
  switch (state_) {
    case State::kTrailerFirst:
      if (c == '\r') {
        state_ = State::kFinalLf;
      } else if (is_a(kTokenCharacter, c)) {
        state_ = State::kTrailerName;
      } else {
        refuse(400, "malformed trailer field");
      }
      return;
    case State::kTrailerName:
      if (c == ':') {
        state_ = State::kTrailerValue;
      } else if (!is_a(kTokenCharacter, c)) {
        refuse(400, "malformed trailer field");
      }
      return;
    case State::kTrailerValue:
      if (c == '\r') {
        state_ = State::kTrailerLf;
      } else if (!is_a(kValueCharacter, c)) {
        refuse(400, "malformed trailer field");
      }
      return;
    default:  // kTrailerLf
      return expect(c, '\n', State::kTrailerFirst);
  }
}

}  // namespace latchkey::http
