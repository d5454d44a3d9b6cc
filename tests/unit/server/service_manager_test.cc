#include "server/service_manager.h"

#include <gtest/gtest.h>

namespace latchkey::server {
namespace {

using std::chrono::milliseconds;

constexpr pid_t kOwn = 4711;

TEST(WatchdogOf, IsWhatTheManagerAsksOfThisProcess) {
  EXPECT_EQ(watchdog_of("30000000", nullptr, kOwn), milliseconds(30'000));
  EXPECT_EQ(watchdog_of("30000000", "4711", kOwn), milliseconds(30'000));
}

TEST(WatchdogOf, IsNothingIfItAsksAnotherOrNobodyOrNotByANumber) {
  EXPECT_EQ(watchdog_of("30000000", "4712", kOwn), milliseconds(0));
  EXPECT_EQ(watchdog_of("30000000", "", kOwn), milliseconds(0));
  EXPECT_EQ(watchdog_of(nullptr, nullptr, kOwn), milliseconds(0));
  EXPECT_EQ(watchdog_of("", nullptr, kOwn), milliseconds(0));
  EXPECT_EQ(watchdog_of("30s", nullptr, kOwn), milliseconds(0));
}

}  // namespace
}  // namespace latchkey::server
