// Waiting for room in a log whose reader is slow (P-14).
#include "latchkey/api/log_room.h"

#include <gtest/gtest.h>

#include <optional>

#include "support/base_doubles.h"
#include "support/loop_rig.h"

namespace latchkey::api {
namespace {

runtime::Task<void> take(runtime::Loop& loop, Log& log, std::optional<bool>& held) {
  auto waiting = wait_for_log_room(loop, log);
  const LogRoom room = co_await waiting;
  held = room.is_held();
}

class LogRoomTest : public ::testing::Test {
 protected:
  LogRoomTest() { log_.has_room = false; }

  /// Advances the clock in small steps, so that a wait sees each moment.
  void pass_ms(std::int64_t ms) {
    for (std::int64_t i = 0; i < ms / 10; ++i) rig_.advance_ms(10);
  }

  test::LoopRig rig_;
  test::KeptLog log_;
  std::optional<bool> held_;
};

TEST_F(LogRoomTest, ComesAtOnceWhereThereIsSome) {
  log_.has_room = true;
  rig_.spawn(take(rig_.loop(), log_, held_));
  EXPECT_EQ(held_, true);
  EXPECT_EQ(log_.given_back, 1);
}

TEST_F(LogRoomTest, IsWaitedForWhileTheReaderIsSlow) {
  rig_.spawn(take(rig_.loop(), log_, held_));
  pass_ms(kLogRoomPatience.count() / 2);
  EXPECT_EQ(held_, std::nullopt);
  log_.has_room = true;
  pass_ms(kLogRoomPatience.count() / 4);
  EXPECT_EQ(held_, true);
}

TEST_F(LogRoomTest, IsNotWaitedForWithoutEnd) {
  rig_.spawn(take(rig_.loop(), log_, held_));
  pass_ms(2 * kLogRoomPatience.count());
  EXPECT_EQ(held_, false);
  EXPECT_EQ(log_.given_back, 0);
}

}  // namespace
}  // namespace latchkey::api
