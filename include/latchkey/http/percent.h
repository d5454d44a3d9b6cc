// Percent-decodes as browsers do (WHATWG URL §1.3): an invalid escape stays as it is.
// Thread: any; all are pure functions.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace latchkey::http {

enum class PlusSign { kLiteral, kIsBlank };

/// Decodes `text` into the front of `out` and returns how many bytes it wrote.
/// Requires: `out` has room for `text.size()` bytes.
std::size_t percent_decode(std::string_view text, PlusSign plus_sign, std::span<char> out) noexcept;

/// Decodes the escape at the front of `text`, which begins with '%'. Returns how many bytes the escape takes:
/// 1 if it is invalid and stays as it is.
std::size_t percent_decode_one(std::string_view text, char& out) noexcept;

}  // namespace latchkey::http
