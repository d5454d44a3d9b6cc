#include "latchkey/base/time_text.h"

#include <gtest/gtest.h>

namespace latchkey {
namespace {

using std::chrono::milliseconds;

std::string http_date(WallTime time) {
  const std::array<char, 29> text = to_http_date(time);
  return {text.data(), text.size()};
}

TEST(Rfc3339, AlwaysHasThreeDigitsOfMilliseconds) {
  EXPECT_EQ(to_rfc3339({1'378'417'595'729}), "2013-09-05T21:46:35.729Z");
  EXPECT_EQ(to_rfc3339({1'378'417'595'000}), "2013-09-05T21:46:35.000Z");
  EXPECT_EQ(to_rfc3339({1'378'417'595'007}), "2013-09-05T21:46:35.007Z");
}

TEST(Rfc3339, KnowsLeapDaysAndTheEndOfTheYear) {
  EXPECT_EQ(to_rfc3339({1'709'164'800'000}), "2024-02-29T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339({1'735'689'599'999}), "2024-12-31T23:59:59.999Z");
}

TEST(Rfc3339, RoundsDownBefore1970) {
  EXPECT_EQ(to_rfc3339({0}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339({-1}), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(to_rfc3339({-1000}), "1969-12-31T23:59:59.000Z");
}

TEST(HttpDate, IsTheImfFixdateOfRfc9110) {
  EXPECT_EQ(http_date({784'111'777'000}), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http_date({784'111'777'999}), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http_date({1'709'164'800'000}), "Thu, 29 Feb 2024 00:00:00 GMT");
}

TEST(Duration, IsAWholeNumberAndAUnit) {
  EXPECT_EQ(parse_duration("500ms"), milliseconds(500));
  EXPECT_EQ(parse_duration("10s"), milliseconds(10'000));
  EXPECT_EQ(parse_duration("30m"), milliseconds(1'800'000));
  EXPECT_EQ(parse_duration("12h"), milliseconds(43'200'000));
  EXPECT_EQ(parse_duration("7d"), milliseconds(604'800'000));
  EXPECT_EQ(parse_duration("0s"), milliseconds(0));
}

TEST(Duration, IsNothingElse) {
  for (const std::string_view text : {"", " ", "30", "m", "-1s", "-0s", "+1s", "1.5s", " 1s", "1s ", "1 s",
                                      "1S", "1min", "1s1", "1m30s", "0x10s", "99999999999999999999s"}) {
    const auto duration = parse_duration(text);
    ASSERT_FALSE(duration) << "'" << text << "'";
    EXPECT_EQ(duration.error().code, ErrorCode::kInvalid);
    EXPECT_NE(duration.error().text.find("whole number and a unit"), std::string::npos)
        << duration.error().text;
  }
}

TEST(Duration, EndsAt36500Days) {
  EXPECT_EQ(parse_duration("36500d"), milliseconds(std::int64_t{36'500} * 86'400'000));
  for (const std::string_view text : {"36501d", "876001h", "9223372036854775807d", "3153600000001ms"}) {
    const auto duration = parse_duration(text);
    ASSERT_FALSE(duration) << text;
    EXPECT_NE(duration.error().text.find("36500 days"), std::string::npos) << duration.error().text;
  }
}

TEST(Duration, IsWrittenInTheLargestUnitThatDividesIt) {
  EXPECT_EQ(to_duration_text(milliseconds(0)), "0s");
  EXPECT_EQ(to_duration_text(milliseconds(1)), "1ms");
  EXPECT_EQ(to_duration_text(milliseconds(1500)), "1500ms");
  EXPECT_EQ(to_duration_text(milliseconds(90'000)), "90s");
  EXPECT_EQ(to_duration_text(milliseconds(1'800'000)), "30m");
  EXPECT_EQ(to_duration_text(milliseconds(86'400'000)), "1d");
}

TEST(Duration, IsReadBackAsWritten) {
  for (const std::int64_t ms : {0, 1, 999, 1000, 61'000, 3'600'000, 86'399'999, 172'800'000}) {
    EXPECT_EQ(parse_duration(to_duration_text(milliseconds(ms))), milliseconds(ms)) << ms;
  }
}

}  // namespace
}  // namespace latchkey
