// Lower-case hexadecimal, the text form of tokens, ids and keys.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace latchkey {

/// Two lower-case digits a byte.
std::string to_hex(std::span<const std::uint8_t> bytes);

/// Writes 2 * bytes.size() digits to `out`, which must have that room.
void to_hex(std::span<const std::uint8_t> bytes, char* out) noexcept;

/// Reads exactly 2 * out.size() digits of either case. False, with `out` unspecified, for any other text.
[[nodiscard]] bool from_hex(std::string_view text, std::span<std::uint8_t> out) noexcept;
/// The same of digits in lower case alone.
[[nodiscard]] bool from_lower_hex(std::string_view text, std::span<std::uint8_t> out) noexcept;

/// How many characters at the front of `text`, or at its end, are digits in lower case, one after the other.
std::size_t lower_hex_digits_at_front(std::string_view text) noexcept;
std::size_t lower_hex_digits_at_end(std::string_view text) noexcept;
bool is_lower_hex_digit(char text) noexcept;

}  // namespace latchkey
