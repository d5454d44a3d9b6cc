#include "latchkey/base/utf8.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace latchkey {

namespace {

struct Lead {
  std::uint8_t first;  ///< the lowest lead byte of this form
  std::uint8_t last;
  std::size_t continuations;
  /// The range of the first continuation byte. It excludes overlong forms, surrogates and code points over
  /// U+10FFFF (RFC 3629 §4).
  std::uint8_t low;
  std::uint8_t high;
  std::uint8_t payload;  ///< the lead byte's bits that belong to the code point
};

constexpr std::array<Lead, 8> kLeads = {{
    {0xc2, 0xdf, 1, 0x80, 0xbf, 0x1f},
    {0xe0, 0xe0, 2, 0xa0, 0xbf, 0x0f},
    {0xe1, 0xec, 2, 0x80, 0xbf, 0x0f},
    {0xed, 0xed, 2, 0x80, 0x9f, 0x0f},
    {0xee, 0xef, 2, 0x80, 0xbf, 0x0f},
    {0xf0, 0xf0, 3, 0x90, 0xbf, 0x07},
    {0xf1, 0xf3, 3, 0x80, 0xbf, 0x07},
    {0xf4, 0xf4, 3, 0x80, 0x8f, 0x07},
}};

Utf8Character decode(std::string_view text, const Lead& lead) noexcept {
  if (text.size() <= lead.continuations) return {};
  auto code_point = static_cast<char32_t>(static_cast<std::uint8_t>(text[0]) & lead.payload);
  for (std::size_t i = 1; i <= lead.continuations; ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    const std::uint8_t low = i == 1 ? lead.low : 0x80;
    const std::uint8_t high = i == 1 ? lead.high : 0xbf;
    if (byte < low || byte > high) return {};
    code_point = (code_point << 6) | (byte & 0x3fU);
  }
  return {code_point, lead.continuations + 1};
}

/// Maps a lead byte to its form in kLeads, counting from 1; 0 for a byte that is no lead byte.
constexpr std::array<std::uint8_t, 256> kFormOf = [] {
  std::array<std::uint8_t, 256> forms{};
  for (std::size_t i = 0; i < kLeads.size(); ++i) {
    for (std::size_t byte = kLeads[i].first; byte <= kLeads[i].last; ++byte)
      forms[byte] = static_cast<std::uint8_t>(i + 1);
  }
  return forms;
}();

constexpr std::size_t kWordBytes = sizeof(std::uint64_t);
constexpr std::uint64_t kHighBits = 0x8080808080808080U;

/// How many bytes at the front are ASCII, rounded down to whole words.
std::size_t ascii_words(std::string_view text) noexcept {
  std::size_t at = 0;
  for (; text.size() - at >= kWordBytes; at += kWordBytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, kWordBytes);
    if ((word & kHighBits) != 0) break;
  }
  return at;
}

}  // namespace

Utf8Character first_utf8_character(std::string_view text) noexcept {
  if (text.empty()) return {};
  const auto byte = static_cast<std::uint8_t>(text[0]);
  if (byte < 0x80) return {byte, 1};
  const std::uint8_t form = kFormOf[byte];
  return form == 0 ? Utf8Character{} : decode(text, kLeads[form - 1U]);
}

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t ascii = ascii_words(text);
    if (ascii > 0) {
      text.remove_prefix(ascii);
      continue;
    }
    const std::size_t bytes = first_utf8_character(text).bytes;
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

bool is_ascii(std::string_view text) noexcept {
  text.remove_prefix(ascii_words(text));
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (static_cast<unsigned char>(c) & 0x80) == 0; });
}

}  // namespace latchkey
