#include "latchkey/base/utf8.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace latchkey {

namespace {

struct Lead {
  std::uint8_t first;  ///< the lowest lead byte of this form
  std::uint8_t last;
  std::size_t continuations;
  /// What the first continuation may be: this keeps overlong forms, surrogates and code points over U+10FFFF
  /// out (RFC 3629 §4).
  std::uint8_t low;
  std::uint8_t high;
  std::uint8_t payload;  ///< the lead byte's bits of the code point
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

}  // namespace

Utf8Character first_utf8_character(std::string_view text) noexcept {
  if (text.empty()) return {};
  const auto byte = static_cast<std::uint8_t>(text[0]);
  if (byte < 0x80) return {byte, 1};
  for (const Lead& lead : kLeads) {
    if (byte >= lead.first && byte <= lead.last) return decode(text, lead);
  }
  return {};
}

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t bytes = first_utf8_character(text).bytes;
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

bool is_ascii(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (static_cast<unsigned char>(c) & 0x80) == 0; });
}

}  // namespace latchkey
