// Time as text: for clients (RFC 3339, IMF-fixdate) and from operators (`30m`).
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "latchkey/base/clock.h"
#include "latchkey/base/result.h"

namespace latchkey {

/// `2013-09-05T21:46:35.729Z`: UTC, always three digits of milliseconds (C-11).
std::string to_rfc3339(WallTime time);

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7), 29 characters.
std::array<char, 29> to_http_date(WallTime time) noexcept;

/// Reads a whole number with a unit: `500ms`, `10s`, `30m`, `12h` or `7d`. No sign, fraction or blank is
/// allowed.
/// Errors: kInvalid for anything else, and for more than 36,500 days.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

/// The shortest text that parse_duration reads back: `30m`, `1500ms`.
std::string to_duration_text(std::chrono::milliseconds duration);

}  // namespace latchkey
