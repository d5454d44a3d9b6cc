// Percent-decoding as browsers do it (WHATWG URL §1.3): an escape that is none stays as it is. Pure
// functions, any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace latchkey::http {

enum class PlusSign { kLiteral, kIsBlank };

/// Decodes `text` into the front of `out`, which must have room for `text.size()` bytes, and returns how many
/// it wrote.
std::size_t percent_decode(std::string_view text, PlusSign plus_sign, std::span<char> out) noexcept;

/// Decodes the escape at the front of `text`, which begins with '%': how many bytes it takes, 1 where it is
/// none and stays as it is.
std::size_t percent_decode_one(std::string_view text, char& out) noexcept;

}  // namespace latchkey::http
