// The numbers of JSON, by their text alone: whether one is well formed, and whether a parser can hold it
// (C-17). In one pass over its digits: to convert what has hundreds of them takes a thousand times as long.
// Pure functions, any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "latchkey/http/characters.h"

namespace latchkey::http {

struct JsonNumber {
  enum class Status : std::uint8_t {
    kGood,
    kMalformed,   ///< `bytes` does not count
    kOutOfRange,  ///< as an integer not of 64 bits, else beyond a double's range
  };
  Status status = Status::kMalformed;
  std::size_t bytes = 0;
  bool is_integer = true;  ///< without fraction and exponent
};

/// The number at the front of `text`, which begins with '-' or a digit. What stands behind it is not looked
/// at.
JsonNumber read_json_number(std::string_view text) noexcept;

inline constexpr std::array<bool, 256> kEndsJsonScalar = [] {
  std::array<bool, 256> table{};
  for (const char c : std::string_view(" \t\r\n,:]}[{\"")) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

/// Whether a scalar may end in front of `rest`: at the end, at white space or at a structural character.
constexpr bool ends_json_scalar(std::string_view rest) noexcept {
  return rest.empty() || kEndsJsonScalar[static_cast<unsigned char>(rest.front())];
}

/// An integer of so many digits is converted fast, and fits in any case.
inline constexpr std::size_t kFewDigits = 14;

/// How many bytes a good integer of few digits takes at the front of `text`, with its end behind it; 0 where
/// it must be looked at by read_json_number(). A body can hold 30,000 of them.
constexpr std::size_t short_json_integer(std::string_view text) noexcept {
  if (text.size() > 1 && is_a(kDigitCharacter, text[0]) && kEndsJsonScalar[static_cast<unsigned char>(text[1])])
    return 1;
  const std::size_t first = text.starts_with('-') ? 1 : 0;
  std::size_t at = first;
  while (at < text.size() && is_a(kDigitCharacter, text[at])) {
    if (++at - first > kFewDigits) return 0;
  }
  const std::size_t digits = at - first;
  const bool is_good = digits == 1 || (digits > 1 && text[first] != '0');
  return is_good && ends_json_scalar(text.substr(at)) ? at : 0;
}

}  // namespace latchkey::http
