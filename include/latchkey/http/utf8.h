// UTF-8 by RFC 3629, byte by byte: no overlong form, no surrogate, nothing over U+10FFFF. Pure functions, any
// thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace latchkey::http {

/// Bytes of the character at the front of `text`, 1 to 4; 0 where `text` is empty or does not begin with a
/// whole character.
std::size_t utf8_character_bytes(std::string_view text) noexcept;

bool is_utf8(std::string_view text) noexcept;

}  // namespace latchkey::http
