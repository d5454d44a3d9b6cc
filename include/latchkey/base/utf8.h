// Decodes UTF-8 by RFC 3629, one character at a time. Overlong forms, surrogates and code points over
// U+10FFFF are refused.
// Thread: any; all are pure functions.
#pragma once

#include <cstddef>
#include <string_view>

namespace latchkey {

struct Utf8Character {
  char32_t code_point = 0;
  std::size_t bytes = 0;  ///< 1 to 4; 0 if the text is empty or does not begin with a whole character
};

/// The character at the front of `text`.
Utf8Character first_utf8_character(std::string_view text) noexcept;

/// Whether `text` consists of whole characters only.
bool is_utf8(std::string_view text) noexcept;

/// Whether every byte of `text` is below 128. Ask before libsodium reads base64: up to version 1.0.18 it
/// reads a byte over 127 as an `A`, which would give one text many encodings.
bool is_ascii(std::string_view text) noexcept;

}  // namespace latchkey
