// Parses the head of an HTTP/1.1 request in place, in one pass and without allocating. It follows RFC 9112
// strictly: what two servers could read in two ways is refused. These are pure functions; the caller owns the
// bytes and the head.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/refusal.h"
#include "latchkey/http/request.h"

namespace latchkey::http {

struct HeadLimits {
  /// From the first byte to the end of the blank line. As much as nginx passes on with its own limits.
  std::size_t max_head_bytes = 32768;
  std::size_t max_target_bytes = 8192;
  std::size_t max_headers = kMaxHeaders;  ///< Field lines; at most kMaxHeaders.
};

struct ParseResult {
  enum class Status : std::uint8_t {
    kComplete,
    kIncomplete,  ///< nothing is wrong so far: ask again with more bytes
    kRefused,     ///< answer with `refusal` and close the connection
  };
  Status status = Status::kIncomplete;
  /// kComplete, and kRefused if the refusal is readable: bytes of the head; the body or the next request
  /// follows.
  std::size_t head_bytes = 0;
  Refusal refusal;  ///< kRefused: 400, 414, 417, 431, 501 or 505.
};

/// Parses the request at the front of `bytes`, which may hold more than one. One CRLF before it is skipped
/// (RFC 9112 §2.2). `scanned_before` is how many of these bytes an earlier call found to be kIncomplete (0 at
/// first). Such a call only looks for the end of the head in the new bytes, and parses once it is there. So a
/// client that sends byte by byte costs linear time. `out` is valid only after kComplete, and after kRefused
/// with a readable refusal. After any other kRefused, only its path is: it is empty if the bytes name no
/// resource, and otherwise lets the refusal say what the resource allows (C-2).
ParseResult parse_request_head(std::string_view bytes, std::size_t scanned_before, const HeadLimits& limits,
                               RequestHead& out) noexcept;

/// The same without SIMD instructions. It is the oracle for tests, and runs where there is no SSE2.
ParseResult parse_request_head_plain(std::string_view bytes, std::size_t scanned_before,
                                     const HeadLimits& limits, RequestHead& out) noexcept;

}  // namespace latchkey::http
