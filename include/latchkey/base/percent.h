// Percent-encodes text (RFC 3986 §2.1), for header fields and for URLs.
// Thread: any; all are pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace latchkey {

/// Appends `text` to `out`. A character for which `stays(char)` is false becomes `%` and two hexadecimal
/// digits.
template <class Stays>
void append_percent_encoded(std::string& out, std::string_view text, Stays stays) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  for (const char c : text) {
    if (stays(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
}

/// Whether a header's value carries the character as it is (C-36): visible ASCII but `%`, so that decoding
/// loses nothing.
constexpr bool stays_in_field(char c) noexcept { return c > ' ' && c < '\x7f' && c != '%'; }

/// The text for a header's value (C-36).
std::string percent_encode(std::string_view text);
/// The size of that; equal to text.size() if there is nothing to encode.
std::size_t percent_encoded_bytes(std::string_view text) noexcept;

/// The text as a segment of a path or a value in a query: everything but the unreserved characters of
/// RFC 3986 §2.3 is encoded.
std::string percent_encode_component(std::string_view text);

}  // namespace latchkey
