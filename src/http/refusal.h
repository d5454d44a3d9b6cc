// Why a request is refused before anybody looks at what it asks for: the status of the answer and a reason
// for the log. After a refusal the framing of the connection cannot be trusted, so the caller closes it.
#pragma once

namespace latchkey::http {

struct Refusal {
  int http_status = 0;      ///< 0: not refused.
  const char* reason = "";  ///< A literal: it contains no byte of the request.
  /// HTTP itself is whole: every part of the head is valid, and a handler that answers from the head may be
  /// asked all the same.
  bool is_readable = false;

  explicit operator bool() const noexcept { return http_status != 0; }
};

}  // namespace latchkey::http
