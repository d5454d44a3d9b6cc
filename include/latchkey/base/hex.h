// Lower-case hexadecimal, the text form of tokens, ids and keys.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace latchkey {

/// Two lower-case digits per byte.
std::string to_hex(std::span<const std::uint8_t> bytes);

/// Writes 2 * bytes.size() digits.
/// Requires: `out` has room for them.
void to_hex(std::span<const std::uint8_t> bytes, char* out) noexcept;

/// Reads exactly 2 * out.size() digits of either case. Returns false, with `out` unspecified, for any other
/// text.
[[nodiscard]] bool from_hex(std::string_view text, std::span<std::uint8_t> out) noexcept;
/// The same, but takes lower-case digits only.
[[nodiscard]] bool from_lower_hex(std::string_view text, std::span<std::uint8_t> out) noexcept;

/// The length of the run of lower-case digits at the front of `text`, or at its end.
std::size_t lower_hex_digits_at_front(std::string_view text) noexcept;
std::size_t lower_hex_digits_at_end(std::string_view text) noexcept;
bool is_lower_hex_digit(char text) noexcept;

}  // namespace latchkey
