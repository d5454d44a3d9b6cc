#include "latchkey/base/printable.h"

#include <gtest/gtest.h>
#include <utf8proc.h>

#include <array>
#include <cstdint>
#include <random>
#include <string>

#include "latchkey/base/utf8.h"

namespace latchkey {
namespace {

std::string utf8(char32_t code_point) {
  std::array<utf8proc_uint8_t, 4> bytes{};
  const auto count = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code_point), bytes.data());
  return {bytes.begin(), bytes.begin() + count};
}

/// Decides by categories, not by the function under test. Harmful characters end a line, move a cursor,
/// change the direction of the text around them, or are invisible.
bool is_harmless(char32_t code_point) {
  if (code_point == ' ') return true;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code_point))) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_ZS:
      return false;
    default:
      return utf8proc_get_property(static_cast<utf8proc_int32_t>(code_point))->ignorable == 0;
  }
}

bool is_one_harmless_line(std::string_view line, bool in_quotes) {
  bool is_behind_backslash = false;
  while (!line.empty()) {
    const Utf8Character character = first_utf8_character(line);
    if (character.bytes == 0 || !is_harmless(character.code_point)) return false;
    if (in_quotes && character.code_point == '"' && !is_behind_backslash) return false;
    is_behind_backslash = character.code_point == '\\' && !is_behind_backslash;
    line.remove_prefix(character.bytes);
  }
  return true;
}

/// Whether both forms are one line of harmless characters and decode to `text`. There is no EXPECT for each
/// of a million texts: the caller reports the first that fails.
bool holds_for(const std::string& text) {
  const std::string escaped = printable(text);
  if (!is_one_harmless_line(escaped, false) || unprintable(escaped) != text) return false;
  if (is_printable(text) != (escaped == text)) return false;
  std::string quoted;
  append_quoted(quoted, text);
  if (quoted.size() < 2 || quoted.front() != '"' || quoted.back() != '"') return false;
  const std::string_view inner = std::string_view(quoted).substr(1, quoted.size() - 2);
  return is_one_harmless_line(inner, true) && unprintable(inner) == text;
}

TEST(Printable, HoldsForEveryCodePoint) {
  for (char32_t code_point = 0; code_point <= 0x10ffff; ++code_point) {
    if (code_point >= 0xd800 && code_point <= 0xdfff) continue;
    // Every other one is alone: the character before it matters for marks.
    const std::string before = code_point % 2 == 0 ? "a" : "";
    ASSERT_TRUE(holds_for(before + utf8(code_point))) << std::hex << static_cast<std::uint32_t>(code_point);
  }
}

TEST(Printable, HoldsForEveryTextOfOneAndTwoBytes) {
  for (unsigned first = 0; first < 256; ++first) {
    ASSERT_TRUE(holds_for(std::string(1, static_cast<char>(first)))) << first;
    for (unsigned second = 0; second < 256; ++second) {
      ASSERT_TRUE(holds_for({static_cast<char>(first), static_cast<char>(second)})) << first << ' ' << second;
    }
  }
}

TEST(Printable, HoldsForBytesAtRandom) {
  std::mt19937 random(2718);  // NOLINT(cert-msc51-cpp): the same texts in every run
  for (int i = 0; i < 200'000; ++i) {
    std::string text(3 + random() % 6, '\0');
    // Half of them are lead and continuation bytes, so that many texts are almost UTF-8.
    for (char& byte : text)
      byte = static_cast<char>(random() % 2 == 0 ? random() % 256 : 0x80 + random() % 128);
    ASSERT_TRUE(holds_for(text)) << printable(text);
  }
}

TEST(Printable, LeavesWhatIsSeenAsItIs) {
  for (const char* const text :
       {"alice", "Zoë", "e\xcc\x81t\xc3\xa9", "日本語", "מיכל", "😀", "it's = 50 % {of} it", ""}) {
    EXPECT_EQ(printable(text), text);
    EXPECT_TRUE(is_printable(text));
  }
}

TEST(Printable, ShowsWhatIsNot) {
  EXPECT_EQ(printable("a\nb\x1b[2J\x7f"), R"(a\x0ab\x1b[2J\x7f)");
  EXPECT_EQ(printable(R"(say "hi" \ there)"), R"(say "hi" \\ there)");
  EXPECT_EQ(printable("\u0085\u009b"), R"(\u0085\u009b)");                              // C1
  EXPECT_EQ(printable("\u2028\u2029"), R"(\u2028\u2029)");                              // line ends
  EXPECT_EQ(printable("\u202egnp.exe\u2066"), R"(\u202egnp.exe\u2066)");                // bidi
  EXPECT_EQ(printable("a\u200bb\u00ad\u200d\ufeff"), R"(a\u200bb\u00ad\u200d\ufeff)");  // invisible
  EXPECT_EQ(printable("\u3164\u2800\u00a0\u3000"), R"(\u3164\u2800\u00a0\u3000)");      // blanks
  EXPECT_EQ(printable("\U000e0041\U000f0000"), R"(\U000e0041\U000f0000)");              // a tag, private use
  EXPECT_EQ(printable("\u0301a"), R"(\u0301a)") << "a mark with nothing to stand on";
  EXPECT_EQ(printable("\n\u0301"), R"(\x0a\u0301)");
  std::string quoted;
  append_quoted(quoted, R"(say "hi")");
  EXPECT_EQ(quoted, R"("say \"hi\"")");
}

TEST(Printable, ShowsEachByteThatIsNoUtf8) {
  EXPECT_EQ(printable("a\xff"), R"(a\xff)");
  EXPECT_EQ(printable("\xe2\x80"), R"(\xe2\x80)") << "half a character";
  EXPECT_EQ(printable("\xed\xa0\x80"), R"(\xed\xa0\x80)") << "a surrogate";
  EXPECT_EQ(printable("\xc0\xaf"), R"(\xc0\xaf)") << "overlong";
  EXPECT_EQ(printable("\xc2"
                      "a"),
            R"(\xc2a)");
}

TEST(Printable, IsDecodedOnlyWhereItIsOfTheGrammar) {
  EXPECT_EQ(unprintable(R"(a\x0a\u00e9\U0001f600\\\")"), "a\n\u00e9\U0001f600\\\"");
  for (const char* const text : {R"(\)", R"(\a)", R"(\x1)", R"(\xg0)", R"(\u12)", R"(\ud800)",
                                 R"(\U00110000)", R"(\x-1)", R"(\u+123)"}) {
    EXPECT_EQ(unprintable(text), std::nullopt) << text;
  }
}

TEST(WholeFront, HalvesNoCharacterWhereverTheCutFalls) {
  const std::string text = "aé日😀b";
  for (std::size_t bytes = 0; bytes <= text.size() + 1; ++bytes) {
    const std::string_view front = whole_front(text, bytes);
    EXPECT_TRUE(is_utf8(front)) << bytes;
    EXPECT_LE(front.size(), bytes);
    EXPECT_LT(bytes - front.size(), text.size() < bytes ? 2U : 4U) << bytes;
  }
}

TEST(WholeFront, CutsWhatIsNoUtf8AtTheByte) {
  EXPECT_EQ(whole_front(std::string(300, '\x80'), 256).size(), 256U);
  EXPECT_EQ(whole_front("ab\xe2\x80", 3), "ab\xe2");
}

TEST(ColumnsOf, CountsWideCharactersTwiceAndMarksNotAtAll) {
  EXPECT_EQ(columns_of("abc"), 3U);
  EXPECT_EQ(columns_of("日本"), 4U);
  EXPECT_EQ(columns_of("e\xcc\x81"), 1U);
}

}  // namespace
}  // namespace latchkey
