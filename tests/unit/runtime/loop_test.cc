#include "latchkey/runtime/loop.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "latchkey/runtime/event.h"
#include "support/loop_rig.h"
#include "support/peer.h"

namespace latchkey::runtime {
namespace {

using test::LoopRig;

Task<void> sleep_for(Loop& loop, std::int64_t ms, char name, std::string& log, std::int64_t& woke_ms) {
  const BootTime until{loop.now().ms + ms};
  co_await loop.sleep_until(until);
  log.push_back(name);
  woke_ms = loop.now().ms;
}

TEST(Loop, SleepersWakeInTheOrderOfTheirTimes) {
  LoopRig rig;
  std::string log;
  std::int64_t woke_ms = 0;
  rig.settle();
  rig.spawn(sleep_for(rig.loop(), 3000, 'c', log, woke_ms));
  rig.spawn(sleep_for(rig.loop(), 100, 'a', log, woke_ms));
  rig.spawn(sleep_for(rig.loop(), 700, 'b', log, woke_ms));
  for (int i = 0; i < 80; ++i) rig.advance_ms(50);
  EXPECT_EQ(log, "abc");
}

TEST(Loop, ASleeperNeverWakesEarlyAndWithinATick) {
  LoopRig rig;
  for (const std::int64_t ms : {1, 49, 50, 51, 120, 333, 499, 500, 501, 777, 1234, 9999}) {
    std::string log;
    std::int64_t woke_ms = 0;
    const std::int64_t began_ms = rig.loop().now().ms;
    rig.spawn(sleep_for(rig.loop(), ms, 'x', log, woke_ms));
    while (log.empty() && rig.clock().boot().ms < began_ms + 20'000) {
      rig.clock().advance_ms(1);
      rig.loop().pass();
    }
    EXPECT_GE(woke_ms, began_ms + ms);
    EXPECT_LT(woke_ms, began_ms + ms + Loop::kTickMs + 1) << ms;
  }
}

TEST(Loop, ASleepAfterAnIdleHourIsAsPreciseAsAnyOther) {
  LoopRig rig;
  rig.advance_ms(3'600'000);
  std::string log;
  std::int64_t woke_ms = 0;
  const std::int64_t began_ms = rig.loop().now().ms;
  rig.spawn(sleep_for(rig.loop(), 400, 'x', log, woke_ms));
  while (log.empty() && rig.clock().boot().ms < began_ms + 120'000) {
    rig.clock().advance_ms(10);
    rig.loop().pass();
  }
  EXPECT_LE(woke_ms, began_ms + 400 + Loop::kTickMs + 10);
}

TEST(Loop, ATimeThatHasPassedIsNoWait) {
  LoopRig rig;
  std::string log;
  std::int64_t woke_ms = 0;
  rig.spawn(sleep_for(rig.loop(), 0, 'x', log, woke_ms));
  EXPECT_EQ(log, "x");
}

Task<void> wait_for(Broadcast& event, std::size_t& woken) {
  co_await event.wait();
  ++woken;
}

TEST(Loop, WhatIsReadyGoesOnAtTheEndOfAPassAndSoManyInEach) {
  LoopRig rig;
  Broadcast event;
  std::size_t woken = 0;
  for (std::size_t i = 0; i < 2 * Loop::kReadyPerPass + 1; ++i) rig.spawn(wait_for(event, woken));
  event.wake_all(rig.loop().ready());
  EXPECT_EQ(woken, 0U);
  for (const std::size_t expected :
       {Loop::kReadyPerPass, 2 * Loop::kReadyPerPass, 2 * Loop::kReadyPerPass + 1}) {
    // Would wait in the kernel for ever, if what is left did not make the loop go on.
    rig.loop().pass();
    EXPECT_EQ(woken, expected);
  }
}

TEST(Loop, MoreSleepersThanOnePassTakesAllWake) {
  LoopRig rig;
  std::string log;
  std::int64_t woke_ms = 0;
  constexpr std::size_t kSleepers = 5000;
  for (std::size_t i = 0; i < kSleepers; ++i) rig.spawn(sleep_for(rig.loop(), 200, 'x', log, woke_ms));
  rig.clock().advance_ms(300);
  rig.loop().pass();
  EXPECT_LT(log.size(), kSleepers);
  EXPECT_TRUE(rig.until([&log] { return log.size() == kSleepers; }));
}

class Deadline final : public Watched {
 public:
  explicit Deadline(Loop& loop) : loop_(loop) {}
  ~Deadline() { loop_.forget(*this); }
  std::int64_t look(BootTime now) noexcept override {
    ++looks;
    if (now.ms < due_ms) return due_ms;
    if (!came_ms) came_ms = now.ms;
    if (destroy_at_due != nullptr) {
      destroy_at_due->reset();
      return 0;
    }
    return now.ms + Loop::kStrideMs;
  }
  std::int64_t due_ms = kNever;
  int looks = 0;
  std::optional<std::int64_t> came_ms;
  std::unique_ptr<Deadline>* destroy_at_due = nullptr;

 private:
  Loop& loop_;
};

/// Given a deadline that moves to 10 ms from now, it is noticed within a stride.
void expect_noticed_within_a_stride(LoopRig& rig, Deadline& deadline) {
  const std::int64_t moved_ms = rig.loop().now().ms;
  deadline.due_ms = moved_ms + 10;
  for (int i = 0; i < 100; ++i) {
    rig.clock().advance_ms(10);
    rig.loop().pass();
  }
  ASSERT_TRUE(deadline.came_ms.has_value());
  EXPECT_LE(*deadline.came_ms, moved_ms + Loop::kStrideMs + Loop::kTickMs + 10);
}

TEST(Loop, ADeadlineThatMovesNearerIsNoticedWithinAStride) {
  LoopRig rig;
  Deadline deadline(rig.loop());
  rig.loop().watch(deadline);
  rig.advance_ms(1000);
  EXPECT_GT(deadline.looks, 0);
  EXPECT_FALSE(deadline.came_ms.has_value());
  expect_noticed_within_a_stride(rig, deadline);
}

constexpr std::int64_t kMonthMs = 30 * 86'400'000LL;

TEST(Loop, AfterAMonthsHaltADeadlineIsNoticedAsSoonAsOnAnyOtherDay) {
  LoopRig rig;
  Deadline deadline(rig.loop());
  rig.loop().watch(deadline);
  rig.clock().advance_ms(kMonthMs);
  rig.loop().pass();
  EXPECT_EQ(deadline.looks, 1);
  expect_noticed_within_a_stride(rig, deadline);
}

// What is first watched after the halt is watched before the loop has looked at overdue deadlines.
class WatchesAnother final : public Watched {
 public:
  WatchesAnother(Loop& loop, Watched& other) noexcept : loop_(loop), other_(other) {}
  ~WatchesAnother() { loop_.forget(*this); }
  std::int64_t look(BootTime now) noexcept override {
    if (looks++ == 0) loop_.watch(other_, now.ms + 100);
    return kNever;
  }
  int looks = 0;

 private:
  Loop& loop_;
  Watched& other_;
};

TEST(Loop, AfterAMonthsHaltWhatIsNewlyWatchedIsLookedAtOnTime) {
  LoopRig rig;
  Deadline deadline(rig.loop());
  WatchesAnother other(rig.loop(), deadline);
  rig.loop().watch(other);
  rig.clock().advance_ms(kMonthMs);
  rig.loop().pass();
  EXPECT_EQ(other.looks, 1);
  rig.clock().advance_ms(100 + Loop::kTickMs);
  rig.loop().pass();
  EXPECT_EQ(deadline.looks, 1);
}

TEST(Loop, TheFirstLookComesWhenItIsAskedFor) {
  LoopRig rig;
  Deadline deadline(rig.loop());
  rig.loop().watch(deadline, rig.loop().now().ms + 100);
  rig.advance_ms(99);
  EXPECT_EQ(deadline.looks, 0);
  rig.advance_ms(Loop::kTickMs + 1);
  EXPECT_EQ(deadline.looks, 1);
}

TEST(Loop, WhatIsForgottenIsNotLookedAtThoughItsSlotIsUsedAgain) {
  LoopRig rig;
  Deadline kept(rig.loop());
  kept.due_ms = 0;
  rig.loop().watch(kept);
  for (int round = 0; round < 3; ++round) {
    std::vector<std::unique_ptr<Deadline>> gone;
    for (int i = 0; i < 10; ++i) {
      gone.push_back(std::make_unique<Deadline>(rig.loop()));
      rig.loop().watch(*gone.back());
    }
    for (const auto& deadline : gone) {
      rig.loop().forget(*deadline);
      rig.loop().forget(*deadline);
    }
    Deadline again(rig.loop());
    rig.loop().watch(*gone.front());
    rig.loop().watch(again);
    rig.advance_ms(600);
    EXPECT_EQ(gone.front()->looks, 1);
    EXPECT_EQ(again.looks, 1);
    for (std::size_t i = 1; i < gone.size(); ++i) EXPECT_EQ(gone[i]->looks, 0);
  }
  EXPECT_EQ(kept.looks, 3);
}

TEST(Loop, ALookMayDestroyWhatItLooksAt) {
  LoopRig rig;
  auto deadline = std::make_unique<Deadline>(rig.loop());
  deadline->due_ms = 0;
  deadline->destroy_at_due = &deadline;
  rig.loop().watch(*deadline);
  rig.advance_ms(600);
  EXPECT_EQ(deadline, nullptr);
  rig.advance_ms(600);
}

class NamedHook final : public LoopHook {
 public:
  NamedHook(char name, std::string& log) : name_(name), log_(log) {}
  void before_wait() noexcept override { log_.append({name_, '<'}); }
  void after_wait() noexcept override { log_.append({name_, '>'}); }
  std::int64_t pass(BootTime) noexcept override {
    log_.append({name_, '.'});
    return kNever;
  }

 private:
  char name_;
  std::string& log_;
};

TEST(Loop, HooksAreCalledInTheirOrderRoundEachWait) {
  LoopRig rig;
  std::string log;
  NamedHook a('a', log);
  NamedHook b('b', log);
  rig.loop().add_hook(a);
  rig.loop().add_hook(b);
  rig.loop().pass();
  EXPECT_EQ(log, "a<b<a>b>a.b.");
}

Task<void> stop_then_sleep(Loop& loop, ManualClock& clock, bool& ended) {
  loop.stop();
  const BootTime until{loop.now().ms + 100};
  clock.advance_ms(200);
  co_await loop.sleep_until(until);
  ended = true;
}

TEST(Loop, ALoopThatIsStoppedRunsUntilItsTasksHaveEnded) {
  LoopRig rig;
  bool ended = false;
  rig.spawn(stop_then_sleep(rig.loop(), rig.clock(), ended));
  EXPECT_FALSE(ended);
  rig.loop().run();
  EXPECT_TRUE(ended);
}

TEST(Loop, WhatItsLastPassQueuedIsStillHandedToTheKernel) {
  LoopRig rig;
  auto [fd, peer] = test::unix_pair();
  rig.loop().ring().start(nullptr,
                          [served = fd](io_uring_sqe& entry) { io_uring_prep_close(&entry, served); });
  rig.loop().stop();
  rig.loop().run();
  EXPECT_TRUE(peer.saw_end());
}

TEST(Loop, TheWallClockFollowsItsOffset) {
  LoopRig rig;
  EXPECT_EQ(rig.loop().wall_now().ms, rig.clock().wall().ms);
  rig.clock().set_wall(WallTime{5});
  rig.loop().pass();
  EXPECT_EQ(rig.loop().wall_now().ms, 5);
}

}  // namespace
}  // namespace latchkey::runtime
