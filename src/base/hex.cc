#include "latchkey/base/hex.h"

#include <array>
#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

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

// Works on eight characters at a time. The first one is in the lowest byte.

constexpr std::size_t kWord = 8;
static_assert(std::endian::native == std::endian::little);

constexpr std::uint64_t in_each_byte(std::uint8_t value) noexcept {
  return std::uint64_t{0x0101'0101'0101'0101} * value;
}

constexpr std::uint64_t kHighBits = in_each_byte(0x80);

std::uint64_t load_word(const char* text) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, text, kWord);
  return word;
}

/// Sets the high bit of each byte that is a lower-case digit, and no other bit.
std::uint64_t lower_digits(std::uint64_t word) noexcept {
  const std::uint64_t ascii = word & ~kHighBits;
  // No sum carries into the next byte, because both operands are below 128. The high bit of a sum says that
  // the character is at least the one subtracted.
  const auto at_least = [ascii](char least) {
    return ascii + in_each_byte(static_cast<std::uint8_t>(0x80 - least));
  };
  const std::uint64_t decimal = at_least('0') & ~at_least('9' + 1);
  const std::uint64_t letter = at_least('a') & ~at_least('f' + 1);
  return (decimal | letter) & ~word & kHighBits;
}

/// The four bytes that eight digits spell. The first one is lowest.
std::uint32_t bytes_of_digits(std::uint64_t word) noexcept {
  // A letter has bit 6 set, and its low half counts from 1.
  const std::uint64_t values = (word & in_each_byte(0x0f)) + (word >> 6 & in_each_byte(1)) * 9;
  std::uint64_t pairs = (values << 4 | values >> 8) & 0x00ff'00ff'00ff'00ff;
  pairs = (pairs | pairs >> 8) & 0x0000'ffff'0000'ffff;
  return static_cast<std::uint32_t>(pairs | pairs >> 16);
}

#if defined(__SSE2__)

constexpr std::size_t kVector = 16;

/// The same for sixteen digits at a time: writes the eight bytes that they spell to `out`, and returns
/// whether all are lower-case digits. The 40 digits of a token take a third fewer instructions so.
bool read_vector(const char* text, std::uint8_t* out) noexcept {
  const __m128i digits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text));
  // The comparisons are signed: a byte over 127 is below all digits.
  const auto is_between = [digits](char least, char most) {
    return _mm_and_si128(_mm_cmpgt_epi8(digits, _mm_set1_epi8(static_cast<char>(least - 1))),
                         _mm_cmplt_epi8(digits, _mm_set1_epi8(static_cast<char>(most + 1))));
  };
  const __m128i letter = is_between('a', 'f');
  constexpr int kAll = (1 << kVector) - 1;
  const bool are_digits = _mm_movemask_epi8(_mm_or_si128(is_between('0', '9'), letter)) == kAll;
  const __m128i values =
      _mm_add_epi8(_mm_and_si128(digits, _mm_set1_epi8(0x0f)), _mm_and_si128(letter, _mm_set1_epi8(9)));
  const __m128i pairs = _mm_and_si128(_mm_or_si128(_mm_slli_epi16(values, 4), _mm_srli_epi16(values, 8)),
                                      _mm_set1_epi16(0x00ff));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(out), _mm_packus_epi16(pairs, pairs));
  return are_digits;
}

#endif

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
  if (text.size() != out.size() * 2) return false;
#if defined(__SSE2__)
  bool are_digits = true;
  while (text.size() >= kVector) {
    are_digits &= read_vector(text.data(), out.data());
    text.remove_prefix(kVector);
    out = out.subspan(kVector / 2);
  }
  if (!are_digits) return false;
#endif
  std::uint64_t digits = kHighBits;
  while (text.size() >= kWord) {
    const std::uint64_t word = load_word(text.data());
    digits &= lower_digits(word);
    const std::uint32_t bytes = bytes_of_digits(word);
    std::memcpy(out.data(), &bytes, sizeof bytes);
    text.remove_prefix(kWord);
    out = out.subspan(kWord / 2);
  }
  return digits == kHighBits && read_digits(kLowerDigits, text, out);
}

std::size_t lower_hex_digits_at_front(std::string_view text) noexcept {
  std::size_t found = 0;
  while (text.size() - found >= kWord) {
    const std::uint64_t others = ~lower_digits(load_word(text.data() + found)) & kHighBits;
    if (others != 0) return found + static_cast<std::size_t>(std::countr_zero(others)) / 8;
    found += kWord;
  }
  while (found < text.size() && is_lower_hex_digit(text[found])) ++found;
  return found;
}

std::size_t lower_hex_digits_at_end(std::string_view text) noexcept {
  std::size_t left = text.size();
  while (left >= kWord) {
    const std::uint64_t others = ~lower_digits(load_word(text.data() + left - kWord)) & kHighBits;
    if (others != 0) return text.size() - left + static_cast<std::size_t>(std::countl_zero(others)) / 8;
    left -= kWord;
  }
  while (left > 0 && is_lower_hex_digit(text[left - 1])) --left;
  return text.size() - left;
}

bool is_lower_hex_digit(char text) noexcept {
  return kLowerDigits[static_cast<std::uint8_t>(text)] != kNotADigit;
}

}  // namespace latchkey
