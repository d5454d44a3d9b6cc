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

}  // namespace latchkey::http
