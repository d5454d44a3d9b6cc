// UTF-8 by RFC 3629, a character at a time: no overlong form, no surrogate, nothing over U+10FFFF. Pure
// functions, any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace latchkey {

struct Utf8Character {
  char32_t code_point = 0;
  std::size_t bytes = 0;  ///< 1 to 4; 0 where the text is empty or does not begin with a whole character
};

/// The character at the front of `text`.
Utf8Character first_utf8_character(std::string_view text) noexcept;

/// Whether `text` is whole characters and nothing else.
bool is_utf8(std::string_view text) noexcept;

/// Whether no byte of `text` is over 127. To be asked before libsodium reads base64: up to 1.0.18 it takes a
/// byte over 127 for an `A`, so that one text would have many encodings.
bool is_ascii(std::string_view text) noexcept;

}  // namespace latchkey
