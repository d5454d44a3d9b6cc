// ResponseReader: takes the answers of one connection out of its bytes as they arrive (RFC 9112). Strict: an
// answer that two clients could read in two ways ends the connection. It knows bodies by Content-Length
// alone, and says so where it meets another kind. Owned by its connection; it keeps no view of the bytes it
// was given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace latchkey::http {

struct Answer {
  int status = 0;
  bool keep_alive = true;
  std::string_view body;  ///< where the reader keeps bodies; until the reader's next call
};

class ResponseReader {
 public:
  /// A head of more bytes is refused.
  static constexpr std::size_t kMaxHeadBytes = std::size_t{16} * 1024;
  static constexpr std::size_t kUsualKeptBytes = std::size_t{64} * 1024;

  enum class Step : std::uint8_t {
    kAnswer,    ///< `answer` is whole
    kNeedMore,  ///< all of the bytes were taken
    kRefused,   ///< `refusal` says why; the reader is of no use any more
  };

  /// A body of more bytes is refused where bodies are kept.
  explicit ResponseReader(std::size_t max_kept_bytes = kUsualKeptBytes) noexcept
      : max_kept_bytes_(max_kept_bytes) {}

  /// Takes bytes off the front of `bytes`, up to the end of an answer. Interim answers (1xx) are passed over.
  /// `to_head`: the request was HEAD, so that no body follows.
  Step next(std::string_view& bytes, bool to_head, bool keep_body);

  const Answer& answer() const noexcept { return answer_; }
  /// A sentence, without its full stop.
  std::string_view refusal() const noexcept { return refusal_; }
  /// True where an answer has begun and is not whole.
  bool in_answer() const noexcept { return in_body_ || !head_.empty(); }
  /// For the next connection.
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
  std::string head_;  ///< of a head that did not arrive in one piece
  std::string body_;  ///< of a kept body that did not
  std::uint64_t body_left_ = 0;
  bool in_body_ = false;
  bool has_length_ = false;
};

}  // namespace latchkey::http
