// The character classes of HTTP, and text operations that know only ASCII and never ask the locale.
// Thread: any; all are pure functions, over tables made at compile time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace latchkey::http {

/// One bit per class in `kCharacterClasses`.
enum CharacterClass : std::uint8_t {
  kTokenCharacter = 1,   ///< tchar, RFC 9110 §5.6.2
  kValueCharacter = 2,   ///< characters of a field value: SP, HTAB, VCHAR, obs-text (RFC 9110 §5.5)
  kTargetCharacter = 4,  ///< visible ASCII without '#': a fragment is never sent (RFC 9112 §3.2)
  kHostCharacter = 8,  ///< reg-name of RFC 3986 §3.2.2, without '%', and without ',' (which joins two Hosts)
  kDigitCharacter = 16,   ///< DIGIT
  kQuotedCharacter = 32,  ///< qdtext, RFC 9110 §5.6.4: a quoted string's text without '"' and '\'
};

inline constexpr std::array<std::uint8_t, 256> kCharacterClasses = [] {
  std::array<std::uint8_t, 256> table{};
  const auto add = [&table](std::string_view characters, unsigned classes) {
    for (const char c : characters) {
      const auto index = static_cast<std::uint8_t>(c);
      table[index] = static_cast<std::uint8_t>(table[index] | classes);
    }
  };
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  constexpr std::string_view kDigits = "0123456789";
  add(kLetters, kTokenCharacter | kHostCharacter);
  add(kDigits, kTokenCharacter | kHostCharacter | kDigitCharacter);
  add("!#$%&'*+-.^_`|~", kTokenCharacter);
  add("-._~!$&'()*+;=", kHostCharacter);
  for (std::size_t c = 0; c < table.size(); ++c) {
    const bool is_visible = c > 0x20 && c < 0x7f;
    const bool is_value = c == '\t' || c == ' ' || is_visible || c >= 0x80;
    unsigned classes = table[c];
    if (is_value) classes |= kValueCharacter;
    if (is_value && c != '"' && c != '\\') classes |= kQuotedCharacter;
    if (is_visible && c != '#') classes |= kTargetCharacter;
    table[c] = static_cast<std::uint8_t>(classes);
  }
  return table;
}();

constexpr bool is_a(CharacterClass wanted, char c) noexcept {
  return (kCharacterClasses[static_cast<std::uint8_t>(c)] & wanted) != 0;
}

constexpr bool all_are(CharacterClass wanted, std::string_view text) noexcept {
  for (const char c : text) {
    if (!is_a(wanted, c)) return false;
  }
  return true;
}

/// OWS and BWS of RFC 9110 §5.6.3.
constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

constexpr std::string_view trim_blanks(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

constexpr char to_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

/// Whether the texts are equal apart from the case of ASCII letters.
constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  }
  return true;
}

/// ALPHA / DIGIT
constexpr bool is_alphanumeric(char c) noexcept {
  const char lower = to_lower(c);
  return is_a(kDigitCharacter, c) || (lower >= 'a' && lower <= 'z');
}

/// The value of a hexadecimal digit of either case; -1 for any other character.
constexpr int hex_digit_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace latchkey::http
