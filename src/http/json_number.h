// Judges a JSON number by its text alone: whether it is well formed, and whether a parser can hold it (C-17).
// This takes one pass over the digits. Converting a number of hundreds of digits takes a thousand times as
// long.
// Thread: any; all are pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "latchkey/http/characters.h"

namespace latchkey::http {

/// A set of characters, by their codes.
using CharacterTable = std::array<bool, 256>;

constexpr CharacterTable table_of(std::string_view characters) {
  CharacterTable table{};
  for (const char c : characters) table[static_cast<unsigned char>(c)] = true;
  return table;
}

struct JsonNumber {
  enum class Status : std::uint8_t {
    kGood,
    kMalformed,   ///< `bytes` is not valid
    kOutOfRange,  ///< an integer beyond 64 bits, or another number beyond a double's range
  };
  Status status = Status::kMalformed;
  std::size_t bytes = 0;
  bool is_integer = true;  ///< without fraction and exponent
};

/// Reads the number at the front of `text`, which begins with '-' or a digit. Ignores what follows it.
JsonNumber read_json_number(std::string_view text) noexcept;

inline constexpr CharacterTable kEndsJsonScalar = table_of(" \t\r\n,:]}[{\"");

/// Whether a scalar may end before `rest`: at the end of the text, at white space or at a structural
/// character.
constexpr bool ends_json_scalar(std::string_view rest) noexcept {
  return rest.empty() || kEndsJsonScalar[static_cast<unsigned char>(rest.front())];
}

/// A number with this few digits and no exponent always fits, and an integer among these is converted fast.
inline constexpr std::size_t kFewDigits = 14;

struct ShortJsonNumber {
  std::size_t bytes = 0;
  bool is_integer = true;
};

constexpr ShortJsonNumber number_of_few_digits(std::string_view text) noexcept {
  const std::size_t first = text.starts_with('-') ? 1 : 0;
  const std::size_t most = first + kFewDigits;
  std::size_t at = first;
  while (at < text.size() && at <= most && is_a(kDigitCharacter, text[at])) ++at;
  if (at == first || (at > first + 1 && text[first] == '0')) return {};
  const bool is_integer = at == text.size() || text[at] != '.';
  if (!is_integer) {
    const std::size_t fraction = ++at;
    while (at < text.size() && at <= most && is_a(kDigitCharacter, text[at])) ++at;
    if (at == fraction) return {};
  }
  if (at > most || !ends_json_scalar(text.substr(at))) return {};
  return {at, is_integer};
}

/// The good number of few digits at the front of `text`, if it ends there. Its `bytes` are 0 if
/// read_json_number() must look. A body can hold 30,000 numbers of one digit.
constexpr ShortJsonNumber short_json_number(std::string_view text) noexcept {
  const bool is_one_digit = text.size() > 1 && is_a(kDigitCharacter, text[0]) &&
                            kEndsJsonScalar[static_cast<unsigned char>(text[1])];
  return is_one_digit ? ShortJsonNumber{1, true} : number_of_few_digits(text);
}

}  // namespace latchkey::http
