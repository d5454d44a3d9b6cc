#include "latchkey/runtime/ready_queue.h"

#include <gtest/gtest.h>

#include <string>

#include "latchkey/runtime/event.h"
#include "latchkey/runtime/nursery.h"
#include "latchkey/runtime/task.h"

namespace latchkey::runtime {
namespace {

class ReadyQueueTest : public ::testing::Test {
 protected:
  Task<void> wait(char name) {
    co_await event_.wait();
    log_.push_back(name);
  }
  /// Wakes another one from within its own turn.
  Task<void> wake_others(char name) {
    co_await event_.wait();
    log_.push_back(name);
    others_.wake_all(ready_);
  }
  Task<void> wait_for_others(char name) {
    co_await others_.wait();
    log_.push_back(name);
  }

  Broadcast event_;
  Broadcast others_;
  ReadyQueue ready_;
  Nursery nursery_;
  std::string log_;
};

TEST_F(ReadyQueueTest, NobodyGoesOnBeforeTheQueueRuns) {
  nursery_.spawn(wait('a'));
  event_.wake_all(ready_);
  EXPECT_EQ(log_, "");
  EXPECT_FALSE(ready_.is_empty());
  ready_.run(1);
  EXPECT_EQ(log_, "a");
  EXPECT_TRUE(ready_.is_empty());
}

TEST_F(ReadyQueueTest, ARunTakesTheFirstOnesAndNoMoreThanItMay) {
  for (const char name : {'a', 'b', 'c'}) nursery_.spawn(wait(name));
  event_.wake_all(ready_);
  ready_.run(2);
  EXPECT_EQ(log_, "ab");
  ready_.run(2);
  EXPECT_EQ(log_, "abc");
}

TEST_F(ReadyQueueTest, WhatBecomesReadyDuringARunWaitsForTheNext) {
  nursery_.spawn(wake_others('a'));
  nursery_.spawn(wait_for_others('b'));
  event_.wake_all(ready_);
  ready_.run(10);
  EXPECT_EQ(log_, "a");
  ready_.run(10);
  EXPECT_EQ(log_, "ab");
}

TEST_F(ReadyQueueTest, ALaterBroadcastStandsBehindAnEarlierOne) {
  nursery_.spawn(wait('a'));
  event_.wake_all(ready_);
  nursery_.spawn(wait('b'));
  nursery_.spawn(wait_for_others('c'));
  others_.wake_all(ready_);
  event_.wake_all(ready_);
  ready_.run(10);
  EXPECT_EQ(log_, "acb");
}

}  // namespace
}  // namespace latchkey::runtime
