#include "latchkey/base/clock.h"

#include <gtest/gtest.h>

namespace latchkey {
namespace {

TEST(SystemClock, NeverRunsBackwardsInBootTime) {
  const SystemClock clock;
  BootTime before = clock.boot();
  for (int i = 0; i < 1000; ++i) {
    const BootTime now = clock.boot();
    ASSERT_GE(now, before);
    before = now;
  }
}

TEST(SystemClock, ReadsTheCalendarInMilliseconds) {
  constexpr std::int64_t kYear2020Ms = 1'577'836'800'000;
  constexpr std::int64_t kYear2200Ms = 7'258'118'400'000;
  const WallTime now = SystemClock().wall();
  EXPECT_GT(now.ms, kYear2020Ms);
  EXPECT_LT(now.ms, kYear2200Ms);
}

TEST(ManualClock, MovesBothTimesByWhatItIsTold) {
  ManualClock clock({5000}, {100});
  clock.advance_ms(250);
  EXPECT_EQ(clock.wall().ms, 5250);
  EXPECT_EQ(clock.boot().ms, 350);
}

TEST(ManualClock, LetsTheCalendarJumpAlone) {
  ManualClock clock({5000}, {100});
  clock.set_wall({1});
  EXPECT_EQ(clock.wall().ms, 1);
  EXPECT_EQ(clock.boot().ms, 100);
}

}  // namespace
}  // namespace latchkey
