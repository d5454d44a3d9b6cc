#include "latchkey/http/utf8.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace latchkey::http {
namespace {

/// What RFC 3629 §3 says a code point looks like, for one that fits `bytes` bytes.
std::string encoded(std::uint32_t code_point, int bytes) {
  if (bytes == 1) return std::string(1, static_cast<char>(code_point));
  std::string text;
  const std::uint32_t lead = bytes == 2 ? 0xc0 : bytes == 3 ? 0xe0 : 0xf0;
  text += static_cast<char>(lead | (code_point >> (6 * (bytes - 1))));
  for (int i = bytes - 2; i >= 0; --i) text += static_cast<char>(0x80 | ((code_point >> (6 * i)) & 0x3f));
  return text;
}

TEST(Utf8, TakesEveryCodePointInItsShortestFormOnly) {
  for (std::uint32_t code_point = 0; code_point < 0x120000; code_point += code_point < 0x11000 ? 1 : 0x101) {
    const int shortest = code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    const bool is_character = code_point <= 0x10ffff && (code_point < 0xd800 || code_point > 0xdfff);
    const std::string text = encoded(code_point, shortest);
    ASSERT_EQ(utf8_character_bytes(text), is_character ? text.size() : 0U) << std::hex << code_point;
    for (int bytes = shortest + 1; bytes <= 4; ++bytes) {
      ASSERT_EQ(utf8_character_bytes(encoded(code_point, bytes)), 0U) << std::hex << code_point;
    }
  }
  EXPECT_EQ(utf8_character_bytes("\xf4\x8f\xbf\xbf"), 4U);
  EXPECT_EQ(utf8_character_bytes("\xf4\x90\x80\x80"), 0U);
}

TEST(Utf8, RefusesWhatIsCutOrOutOfPlace) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("J\xc3\xbcrgen \xe2\x82\xac \xf0\x9f\x98\x80"));
  for (const char* text :
       {"\x80", "\xbf", "\xc3", "\xc3(", "\xe2\x82", "\xe2\x28\xa1", "\xf0\x9f\x98", "\xf0\x9f\x98(",
        "\xf8\x88\x80\x80\x80", "\xfe", "\xff", "a\xc3", "\xc3\xc3\xbc"}) {
    EXPECT_FALSE(is_utf8(text)) << text;
  }
  EXPECT_EQ(utf8_character_bytes(""), 0U);
}

}  // namespace
}  // namespace latchkey::http
