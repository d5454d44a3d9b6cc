#include "latchkey/base/clock.h"

#include <gtest/gtest.h>

#include <concepts>

namespace latchkey {
namespace {

using std::chrono::milliseconds;

template <typename A, typename B>
concept HaveSum = requires(A a, B b) { a + b; };
template <typename A, typename B>
concept HaveDifference = requires(A a, B b) { a - b; };

TEST(Moment, IsMovedByALengthOfTime) {
  EXPECT_EQ(BootTime{100} + milliseconds(50), BootTime{150});
  EXPECT_EQ(BootTime{100} - milliseconds(150), BootTime{-50});
  EXPECT_EQ(WallTime{100} + std::chrono::seconds(2), WallTime{2100});
  WallTime time{100};
  time += milliseconds(7);
  EXPECT_EQ(time, WallTime{107});
}

TEST(Moment, DiffersFromAnotherByALengthOfTime) {
  EXPECT_EQ(BootTime{100} - BootTime{30}, milliseconds(70));
  EXPECT_EQ(WallTime{30} - WallTime{100}, milliseconds(-70));
}

TEST(Moment, OfOneKindKeepsAwayFromThoseOfOthers) {
  static_assert(HaveDifference<BootTime, BootTime> && HaveSum<BootTime, milliseconds>);
  static_assert(!HaveDifference<BootTime, WallTime> && !HaveDifference<WallTime, BootTime>);
  static_assert(!HaveSum<BootTime, WallTime> && !HaveSum<BootTime, BootTime>);
  static_assert(!std::totally_ordered_with<BootTime, WallTime>);
  static_assert(!HaveSum<BootTime, std::int64_t> && !HaveDifference<BootTime, std::int64_t>);
}

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
