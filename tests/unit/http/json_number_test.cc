#include "http/json_number.h"

#include <gtest/gtest.h>

#include <charconv>
#include <random>
#include <string>

namespace latchkey::http {
namespace {

using Status = JsonNumber::Status;

TEST(JsonNumber, EndsWhereItsTextDoes) {
  for (const char* const number :
       {"0", "-0", "7", "123456789012345678", "0.5", "-0.25", "1e9", "1E-9", "12.50e+3"}) {
    const std::string text = std::string(number) + ",1";
    EXPECT_EQ(read_json_number(text).status, Status::kGood) << number;
    EXPECT_EQ(read_json_number(text).bytes, text.size() - 2) << number;
  }
  EXPECT_TRUE(read_json_number("7").is_integer);
  EXPECT_FALSE(read_json_number("7.0").is_integer);
  EXPECT_FALSE(read_json_number("7e0").is_integer);
}

TEST(JsonNumber, IsMalformedWhereRfc8259SaysSo) {
  for (const char* const text : {"-", "-a", "01", "-00", "1.", "1.e3", "1e", "1e+", "-.5"})
    EXPECT_EQ(read_json_number(text).status, Status::kMalformed) << text;
}

TEST(JsonNumber, IntegersHave64Bits) {
  for (const char* const text : {"18446744073709551615", "-9223372036854775808", "9223372036854775808"})
    EXPECT_EQ(read_json_number(text).status, Status::kGood) << text;
  for (const char* const text : {"18446744073709551616", "-9223372036854775809", "100000000000000000000"})
    EXPECT_EQ(read_json_number(text).status, Status::kOutOfRange) << text;
  EXPECT_EQ(read_json_number(std::string(60'000, '9')).status, Status::kOutOfRange);
}

/// Whether the library, which converts, takes a number for infinite. The number must not be too small for it.
bool is_infinite_by_library(const std::string& text) {
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  return read.ec == std::errc::result_out_of_range;
}

TEST(JsonNumber, IsOutOfRangeWhereTheLibraryConvertsItToInfinity) {
  // 2^1024 - 2^970, half a step beyond the greatest double, and one less.
  const std::string half =
      "179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096"
      "33028641"
      "669288791094655554785194040263065748867150582068190890200070838367627385484581771153176447573027006985"
      "55713669"
      "59622842914819860834936475292719074168444365510704342711559699508093042880177904174497792";
  std::string less = half;
  less.back() = '1';
  for (const std::string& text : {half + ".0",
                                  half + ".1",
                                  less + ".9",
                                  less + ".0",
                                  half + "0e-1",
                                  "0.00" + less + "e311",
                                  "0.00" + half + "e311",
                                  std::string("1.7976931348623157e308"),
                                  std::string("1.7976931348623158e308"),
                                  std::string("1.7976931348623159e308"),
                                  std::string("1.797693134862315807e308"),
                                  std::string("1.797693134862315808e308"),
                                  std::string("1e308"),
                                  std::string("9e308"),
                                  std::string("1e309"),
                                  std::string("10e307"),
                                  std::string("0.1e309"),
                                  std::string("0.01e310"),
                                  std::string("100000e304"),
                                  std::string("2e308"),
                                  "1" + std::string(308, '0') + ".0",
                                  "2" + std::string(308, '0') + ".5"}) {
    const Status wanted = is_infinite_by_library(text) ? Status::kOutOfRange : Status::kGood;
    EXPECT_EQ(read_json_number(text).status, wanted) << text;
  }
  std::mt19937 dice(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string digits = std::to_string(dice() % 100'000'000 + 1);
    digits.insert(1 + dice() % digits.size(), ".");
    if (digits.back() == '.') digits += '0';
    const std::string text = digits + "e" + std::to_string(295 + dice() % 20);
    const Status wanted = is_infinite_by_library(text) ? Status::kOutOfRange : Status::kGood;
    ASSERT_EQ(read_json_number(text).status, wanted) << text;
  }
}

TEST(JsonNumber, OneTooSmallIsReadAsZeroHoweverSmall) {
  for (const std::string& text :
       {std::string("1e-999"), std::string("-1e-99999999999999999999"), "0." + std::string(60'000, '0') + "1",
        std::string("0e999999999999999999999")})
    EXPECT_EQ(read_json_number(text).status, Status::kGood) << text.substr(0, 30);
  EXPECT_EQ(read_json_number("1e99999999999999999999").status, Status::kOutOfRange);
}

TEST(JsonNumber, AShortOneIsTakenOnlyWhereItIsGood) {
  for (const std::string number :
       {"0", "-0", "7", "-7", "12345678901234", "0.5", "-0.25", "1234567.890123"}) {
    for (const std::string end : {"", ",", "]", "}", " ", "\n", ":"}) {
      const ShortJsonNumber taken = short_json_number(number + end);
      EXPECT_EQ(taken.bytes, number.size()) << number << end;
      EXPECT_EQ(taken.is_integer, number.find('.') == std::string::npos) << number << end;
      EXPECT_EQ(read_json_number(number + end).status, JsonNumber::Status::kGood) << number << end;
    }
  }
  for (const char* const text : {"", "-", "01", "-01", "1.", ".5", "-.5", "1.x", "1x", "1-", "1.5.5", "--1",
                                 "+1", "1e5", "00", "00.5", "123456789012345", "12345678.9012345", "x"}) {
    EXPECT_EQ(short_json_number(text).bytes, 0U) << text;
  }
}

}  // namespace
}  // namespace latchkey::http
