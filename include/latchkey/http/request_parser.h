// Parses the head of an HTTP/1.1 request in place, in one pass and without allocating, strictly by RFC 9112:
// what two servers could read in two ways is refused. Pure functions; the caller owns the bytes and the head.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/refusal.h"
#include "latchkey/http/request.h"

namespace latchkey::http {

struct HeadLimits {
  std::size_t max_head_bytes = 16384;  ///< From the first byte to the end of the blank line.
  std::size_t max_target_bytes = 4096;
  std::size_t max_headers = kMaxHeaders;  ///< Field lines; at most kMaxHeaders.
};

struct ParseResult {
  enum class Status : std::uint8_t {
    kComplete,
    kIncomplete,  ///< nothing wrong so far: ask again with more bytes
    kRefused,     ///< answer with `refusal` and close the connection
  };
  Status status = Status::kIncomplete;
  std::size_t head_bytes =
      0;            ///< kComplete: bytes of the head; the body or the next request begins behind them.
  Refusal refusal;  ///< kRefused: 400, 414, 417, 431, 501 or 505.
};

/// Parses the request that begins at `bytes`, which may hold more than one. `scanned_before` is how many of
/// these bytes an earlier call has called kIncomplete (0 at first): such a call looks for the end of the head
/// in the new bytes only, and parses once that is there, so that a client which sends byte by byte costs
/// linear time. `out` counts only after kComplete; but after kRefused its path does, which is empty where the
/// bytes name no resource, so that the refusal can say what the resource allows (C-2). One CRLF before the
/// request is skipped (RFC 9112 §2.2).
ParseResult parse_request_head(std::string_view bytes, std::size_t scanned_before, const HeadLimits& limits,
                               RequestHead& out) noexcept;

/// The same without SIMD instructions: the oracle for tests, and what runs where there is no SSE2.
ParseResult parse_request_head_plain(std::string_view bytes, std::size_t scanned_before,
                                     const HeadLimits& limits, RequestHead& out) noexcept;

}  // namespace latchkey::http
