#include "latchkey/base/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace latchkey {
namespace {

/// Encodes a code point in the plainest way, as the oracle.
std::string encode(char32_t code_point) {
  const auto byte = [](char32_t value) { return static_cast<char>(static_cast<unsigned char>(value)); };
  if (code_point < 0x80) return {byte(code_point)};
  if (code_point < 0x800) return {byte(0xc0 | code_point >> 6), byte(0x80 | (code_point & 0x3f))};
  if (code_point < 0x10000) {
    return {byte(0xe0 | code_point >> 12), byte(0x80 | (code_point >> 6 & 0x3f)),
            byte(0x80 | (code_point & 0x3f))};
  }
  return {byte(0xf0 | code_point >> 18), byte(0x80 | (code_point >> 12 & 0x3f)),
          byte(0x80 | (code_point >> 6 & 0x3f)), byte(0x80 | (code_point & 0x3f))};
}

TEST(Utf8, ReadsEveryCodePointAndRefusesEverySurrogate) {
  for (char32_t code_point = 0; code_point <= 0x10ffff; ++code_point) {
    const std::string text = encode(code_point) + "x";
    const Utf8Character character = first_utf8_character(text);
    if (code_point >= 0xd800 && code_point <= 0xdfff) {
      ASSERT_EQ(character.bytes, 0U) << std::hex << static_cast<unsigned>(code_point);
    } else {
      ASSERT_EQ(character.bytes, text.size() - 1) << std::hex << static_cast<unsigned>(code_point);
      ASSERT_EQ(character.code_point, code_point);
    }
  }
}

TEST(Utf8, SeesAByteBeyondAsciiWhereverItStands) {
  EXPECT_TRUE(is_ascii(""));
  EXPECT_TRUE(is_ascii(std::string("\0\x7f", 2)));
  for (int byte = 0x80; byte <= 0xff; ++byte) {
    const std::string one(1, static_cast<char>(byte));
    EXPECT_FALSE(is_ascii(one)) << byte;
    EXPECT_FALSE(is_ascii("abc" + one + "def")) << byte;
  }
}

TEST(Utf8, RefusesWhatIsNoWholeCharacter) {
  const std::string_view wrong[] = {"",
                                    "\x80",
                                    "\xc0\x80",
                                    "\xc1\xbf",
                                    "\xc3",
                                    "\xe0\x9f\xbf",
                                    "\xe2\x82",
                                    "\xf0\x8f\xbf\xbf",
                                    "\xf4\x90\x80\x80",
                                    "\xf5\x80\x80\x80",
                                    "\xff",
                                    "\xc3x",
                                    "\xe2\x82x"};
  for (const std::string_view text : wrong) EXPECT_EQ(first_utf8_character(text).bytes, 0U) << text;
}

TEST(Utf8, IsWholeCharactersToTheEnd) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8(std::string_view("a\0b", 3)));
  EXPECT_TRUE(is_utf8("J\xc3\xbcrgen \xe2\x82\xac \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf"));
  for (const char* text :
       {"\x80", "\xbf", "\xc3", "\xc3(", "\xe2\x82", "\xe2\x28\xa1", "\xf0\x9f\x98", "\xf0\x9f\x98(",
        "\xf8\x88\x80\x80\x80", "\xfe", "\xff", "a\xc3", "\xc3\xc3\xbc", "\xed\xa0\x80"}) {
    EXPECT_FALSE(is_utf8(text)) << text;
  }
}

}  // namespace
}  // namespace latchkey
