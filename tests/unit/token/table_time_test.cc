#include "latchkey/token/table_time.h"

#include <gtest/gtest.h>

namespace latchkey::token {
namespace {

constexpr WallTime kWall{1'700'000'000'000};

TEST(TableTime, CountsFromTheBeginningOf2020) {
  EXPECT_EQ(table_time(WallTime{kTableEpochWallMs}).ms, 0);
  EXPECT_EQ(wall_time(table_time(kWall)), kWall);
}

TEST(TableTime, StaysWithinItsFortyBits) {
  EXPECT_EQ(table_time(WallTime{0}).ms, 0);
  EXPECT_EQ(table_time(WallTime{9'000'000'000'000}).ms, kMaxTableMs);
}

TEST(TableClock, StartsAtTheWallClockAndGoesOnWithBootTime) {
  ManualClock clock(kWall);
  const TableClock table_clock(clock);
  EXPECT_EQ(wall_time(table_clock.now()), kWall);
  clock.advance_ms(1234);
  EXPECT_EQ(wall_time(table_clock.now()).ms, kWall.ms + 1234);
  EXPECT_EQ(table_clock.at(clock.boot()), table_clock.now());
  EXPECT_EQ(table_clock.boot_of(table_clock.now()), clock.boot());
}

TEST(TableClock, DoesNotFollowAWallClockThatIsSet) {
  ManualClock clock(kWall);
  const TableClock table_clock(clock);
  clock.set_wall({kWall.ms + 86'400'000});
  EXPECT_EQ(wall_time(table_clock.now()), kWall);
}

}  // namespace
}  // namespace latchkey::token
