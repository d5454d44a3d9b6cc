// What a charset's name means for a body that is read as UTF-8 (C-10). The names are those of the WHATWG's
// Encoding Standard and of IANA.
// Thread: any; all are pure functions.
#pragma once

#include <cstdint>
#include <string_view>

namespace latchkey::http {

enum class Charset : std::uint8_t {
  kUtf8,
  kAsciiSuperset,  ///< bytes below 128 mean the same as in ASCII, so text of these alone is UTF-8 too
  kOther,          ///< bytes below 128 may mean something else, or the name is unknown
};

/// `name` may have any case. The names of ISO-2022-JP, HZ, Shift_JIS, UTF-7, UTF-16, UTF-32 and EBCDIC are
/// kOther: in those, an ASCII byte may be another character, or half of one.
Charset charset_named(std::string_view name) noexcept;

}  // namespace latchkey::http
