#include "latchkey/base/hex.h"

#include <array>

namespace latchkey {

namespace {

constexpr std::uint8_t kNotADigit = 0xff;

using Digits = std::array<std::uint8_t, 256>;

constexpr Digits digits(bool capitals) {
  Digits table{};
  table.fill(kNotADigit);
  for (std::uint8_t i = 0; i < 10; ++i) table[static_cast<std::size_t>('0') + i] = i;
  for (std::uint8_t i = 0; i < 6; ++i) {
    table[static_cast<std::size_t>('a') + i] = static_cast<std::uint8_t>(10 + i);
    if (capitals) table[static_cast<std::size_t>('A') + i] = static_cast<std::uint8_t>(10 + i);
  }
  return table;
}

constexpr Digits kDigits = digits(true);
constexpr Digits kLowerDigits = digits(false);

bool read_digits(const Digits& values, std::string_view text, std::span<std::uint8_t> out) noexcept {
  if (text.size() != out.size() * 2) return false;
  std::uint8_t wrong = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::uint8_t high = values[static_cast<std::uint8_t>(text[2 * i])];
    const std::uint8_t low = values[static_cast<std::uint8_t>(text[2 * i + 1])];
    wrong |= static_cast<std::uint8_t>((high | low) & 0xf0);
    out[i] = static_cast<std::uint8_t>((high << 4) | (low & 15));
  }
  return wrong == 0;
}

}  // namespace

void to_hex(std::span<const std::uint8_t> bytes, char* out) noexcept {
  constexpr char kText[] = "0123456789abcdef";
  for (const std::uint8_t byte : bytes) {
    *out++ = kText[byte >> 4];
    *out++ = kText[byte & 15];
  }
}

std::string to_hex(std::span<const std::uint8_t> bytes) {
  std::string text(bytes.size() * 2, '\0');
  to_hex(bytes, text.data());
  return text;
}

bool from_hex(std::string_view text, std::span<std::uint8_t> out) noexcept {
  return read_digits(kDigits, text, out);
}

bool from_lower_hex(std::string_view text, std::span<std::uint8_t> out) noexcept {
  return read_digits(kLowerDigits, text, out);
}

}  // namespace latchkey
