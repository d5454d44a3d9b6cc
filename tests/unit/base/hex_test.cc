#include "latchkey/base/hex.h"

#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <vector>

namespace latchkey {
namespace {

TEST(Hex, WritesTwoLowerCaseDigitsAByte) {
  EXPECT_EQ(to_hex(std::array<std::uint8_t, 4>{0x00, 0x0f, 0xa5, 0xff}), "000fa5ff");
  EXPECT_EQ(to_hex({}), "");
}

TEST(Hex, ReadsBackEveryByteThatItWrote) {
  std::vector<std::uint8_t> bytes(256);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
  std::vector<std::uint8_t> read(256);
  ASSERT_TRUE(from_hex(to_hex(bytes), read));
  EXPECT_EQ(read, bytes);
}

TEST(Hex, ReadsEitherCase) {
  std::array<std::uint8_t, 3> read{};
  ASSERT_TRUE(from_hex("aBCdEf", read));
  EXPECT_EQ(read, (std::array<std::uint8_t, 3>{0xab, 0xcd, 0xef}));
}

TEST(Hex, RefusesEveryOtherCharacterInEitherPlace) {
  std::array<std::uint8_t, 1> read{};
  for (int code = 0; code < 256; ++code) {
    const char c = static_cast<char>(code);
    const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    EXPECT_EQ(from_hex(std::string{c, '0'}, read), digit) << "code " << code;
    EXPECT_EQ(from_hex(std::string{'0', c}, read), digit) << "code " << code;
  }
}

TEST(Hex, RefusesAWrongDigitThatLaterDigitsFollow) {
  std::array<std::uint8_t, 4> read{};
  EXPECT_FALSE(from_hex("0g000000", read));
}

TEST(Hex, RefusesAnyOtherLength) {
  std::array<std::uint8_t, 2> read{};
  EXPECT_FALSE(from_hex("", read));
  EXPECT_FALSE(from_hex("abc", read));
  EXPECT_FALSE(from_hex("abcde", read));
  EXPECT_FALSE(from_hex("abcdef", read));
  EXPECT_TRUE(from_hex("", std::span<std::uint8_t>{}));
}

constexpr std::string_view kLower = "0123456789abcdef";

TEST(Hex, ReadsLowerCaseAloneInEveryPlace) {
  // Digits are read sixteen at a time, then eight, then two.
  constexpr std::size_t kDigits = 44;
  std::array<std::uint8_t, kDigits / 2> read{};
  std::array<std::uint8_t, kDigits / 2> expected{};
  for (std::size_t at = 0; at < kDigits; ++at) {
    for (int code = 0; code < 256; ++code) {
      std::string text = std::string(kLower) + "fedcba9876543210" + "01234567" + "89ab";
      text[at] = static_cast<char>(code);
      const bool digit = kLower.find(text[at]) != std::string_view::npos;
      ASSERT_EQ(from_lower_hex(text, read), digit) << "code " << code << " at " << at;
      if (!digit) continue;
      ASSERT_TRUE(from_hex(text, expected));
      ASSERT_EQ(read, expected);
    }
  }
  EXPECT_FALSE(from_lower_hex(std::string(kDigits - 2, '0'), read));
  EXPECT_FALSE(from_lower_hex(std::string(kDigits + 2, '0'), read));
}

TEST(Hex, CountsTheDigitsAtEitherEndOfAText) {
  for (std::size_t size = 0; size < 30; ++size) {
    const std::string digits = std::string("0123456789abcdef0123456789abcdef").substr(0, size);
    EXPECT_EQ(lower_hex_digits_at_front(digits), size);
    EXPECT_EQ(lower_hex_digits_at_end(digits), size);
    for (std::size_t at = 0; at < size; ++at) {
      for (int code = 0; code < 256; ++code) {
        std::string text = digits;
        text[at] = static_cast<char>(code);
        const bool digit = kLower.find(text[at]) != std::string_view::npos;
        ASSERT_EQ(lower_hex_digits_at_front(text), digit ? size : at) << "code " << code;
        ASSERT_EQ(lower_hex_digits_at_end(text), digit ? size : size - at - 1) << "code " << code;
      }
    }
  }
}

}  // namespace
}  // namespace latchkey
