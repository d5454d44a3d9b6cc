#include "latchkey/runtime/event.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "latchkey/runtime/nursery.h"
#include "latchkey/runtime/task.h"
#include "support/one_shot.h"
#include "support/runtime_doubles.h"

namespace latchkey::runtime {
namespace {

using test::OneShot;

Task<void> take(OneShot<std::unique_ptr<int>>& event, int& value) {
  const std::unique_ptr<int> got = co_await event;
  value = *got;
}

TEST(OneShot, AValueThatWasSetFirstIsTakenWithoutAWait) {
  OneShot<std::unique_ptr<int>> event;
  int value = 0;
  event.set(std::make_unique<int>(7));
  EXPECT_TRUE(event.is_set());
  Nursery nursery;
  nursery.spawn(take(event, value));
  EXPECT_EQ(value, 7);
}

TEST(OneShot, AWaiterGoesOnInsideSet) {
  OneShot<std::unique_ptr<int>> event;
  int value = 0;
  Nursery nursery;
  nursery.spawn(take(event, value));
  EXPECT_FALSE(event.is_set());
  event.set(std::make_unique<int>(7));
  EXPECT_EQ(value, 7);
}

Task<void> take_and_destroy(std::unique_ptr<OneShot<int>>& event, int& value) {
  value = co_await *event;
  event.reset();
}

TEST(OneShot, TheWaiterMayDestroyTheEvent) {
  auto event = std::make_unique<OneShot<int>>();
  int value = 0;
  Nursery nursery;
  nursery.spawn(take_and_destroy(event, value));
  event->set(3);
  EXPECT_EQ(value, 3);
  EXPECT_EQ(event, nullptr);
}

Task<void> wait_times(Broadcast& event, int times, char name, std::string& log) {
  for (int i = 0; i < times; ++i) {
    co_await event.wait();
    log.push_back(name);
  }
}

TEST(Broadcast, WakesAllInTheOrderInWhichTheyCame) {
  Broadcast event;
  std::string log;
  Nursery nursery;
  for (const char name : {'a', 'b', 'c'}) nursery.spawn(wait_times(event, 1, name, log));
  EXPECT_TRUE(event.has_waiters());
  test::wake_now(event);
  EXPECT_EQ(log, "abc");
  EXPECT_FALSE(event.has_waiters());
}

TEST(Broadcast, WhoWaitsAgainWaitsForTheNextCall) {
  Broadcast event;
  std::string log;
  Nursery nursery;
  nursery.spawn(wait_times(event, 2, 'a', log));
  nursery.spawn(wait_times(event, 1, 'b', log));
  test::wake_now(event);
  EXPECT_EQ(log, "ab");
  test::wake_now(event);
  EXPECT_EQ(log, "aba");
  test::wake_now(event);
  EXPECT_EQ(log, "aba");
}

}  // namespace
}  // namespace latchkey::runtime
