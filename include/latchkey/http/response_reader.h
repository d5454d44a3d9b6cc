// ResponseReader reads the answers of one connection from its bytes as they arrive (RFC 9112). It is strict:
// an answer that two clients could read in two ways ends the connection. It only reads bodies with a
// Content-Length and refuses any other kind. Its connection owns it. It keeps no view of the bytes it was
// given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace latchkey::http {

struct Answer {
  int status = 0;
  bool keep_alive = true;
  std::string_view body;  ///< in the reader's memory, valid until the reader's next call
};

class ResponseReader {
 public:
  /// A longer head is refused.
  static constexpr std::size_t kMaxHeadBytes = std::size_t{16} * 1024;
  static constexpr std::size_t kUsualKeptBytes = std::size_t{64} * 1024;

  enum class Step : std::uint8_t {
    kAnswer,    ///< `answer` is whole
    kNeedMore,  ///< all bytes were taken
    kRefused,   ///< `refusal` says why; the reader is of no further use
  };

  /// A body longer than `max_kept_bytes` is refused if bodies are kept.
  explicit ResponseReader(std::size_t max_kept_bytes = kUsualKeptBytes) noexcept
      : max_kept_bytes_(max_kept_bytes) {}

  /// Takes bytes off the front of `bytes`, up to the end of an answer. Skips interim answers (1xx). `to_head`
  /// says that the request was HEAD, so no body follows.
  Step next(std::string_view& bytes, bool to_head, bool keep_body);

  const Answer& answer() const noexcept { return answer_; }
  /// A sentence without its full stop.
  std::string_view refusal() const noexcept { return refusal_; }
  /// Whether an answer has begun and is not complete.
  bool in_answer() const noexcept { return in_body_ || !head_.empty(); }
  /// Prepares for the next connection.
  void reset();

 private:
  bool parse_head(std::string_view head, bool to_head);
  bool parse_status_line(std::string_view line);
  bool parse_field(std::string_view line);
  bool parse_length(std::string_view value);
  bool settle_length(bool to_head);
  Step take_body(std::string_view& bytes, bool keep_body);
  bool refuse(std::string_view why) noexcept {
    refusal_ = why;
    return false;
  }

  const std::size_t max_kept_bytes_;
  Answer answer_;
  std::string_view refusal_;
  std::string head_;  ///< of a head that arrived in several pieces
  std::string body_;  ///< of a kept body
  std::uint64_t body_left_ = 0;
  bool in_body_ = false;
  bool has_length_ = false;
};

}  // namespace latchkey::http
