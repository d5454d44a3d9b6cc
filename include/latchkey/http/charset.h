// What the name of a charset means for a body that is read as UTF-8 (C-10): names by the WHATWG's Encoding
// Standard and IANA. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace latchkey::http {

enum class Charset : std::uint8_t {
  kUtf8,
  kAsciiSuperset,  ///< bytes below 128 mean what they mean in ASCII: text of these alone is UTF-8 too
  kOther,          ///< they need not, or nobody knows
};

/// `name` in any case. The names of ISO-2022-JP, HZ, Shift_JIS, UTF-7, UTF-16, UTF-32 and EBCDIC are kOther:
/// there an ASCII byte may be another character, or half of one.
Charset charset_named(std::string_view name) noexcept;

}  // namespace latchkey::http
