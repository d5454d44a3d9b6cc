// Why a request is refused before anybody looks at what it asks for: the status to answer with and a reason
// for the log. After a refusal nothing on the connection can be trusted to be framed, so the caller closes
// it.
#pragma once

namespace latchkey::http {

struct Refusal {
  int http_status = 0;      ///< 0: not refused.
  const char* reason = "";  ///< A literal: it holds no byte of the request.

  explicit operator bool() const noexcept { return http_status != 0; }
};

}  // namespace latchkey::http
