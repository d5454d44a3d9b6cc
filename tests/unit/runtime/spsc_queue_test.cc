#include "runtime/spsc_queue.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <thread>

namespace latchkey::runtime {
namespace {

TEST(SpscQueue, TheCapacityIsRoundedUpToAPowerOfTwo) {
  EXPECT_EQ(SpscQueue<int>(1).capacity(), 1U);
  EXPECT_EQ(SpscQueue<int>(5).capacity(), 8U);
  EXPECT_EQ(SpscQueue<int>(8).capacity(), 8U);
}

TEST(SpscQueue, FullIsSeenByTheProducerAndEmptyByTheConsumer) {
  SpscQueue<int> queue(4);
  int item = 0;
  EXPECT_FALSE(queue.pop(item));
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(queue.push(i));
    EXPECT_FALSE(queue.push(4));
    for (int i = 0; i < 4; ++i) {
      ASSERT_TRUE(queue.pop(item));
      EXPECT_EQ(item, i);
    }
    EXPECT_FALSE(queue.pop(item));
  }
}

TEST(SpscQueue, APlaceThatWasFreedIsUsedAtOnce) {
  SpscQueue<int> queue(2);
  int item = 0;
  ASSERT_TRUE(queue.push(1));
  ASSERT_TRUE(queue.push(2));
  ASSERT_FALSE(queue.push(3));
  ASSERT_TRUE(queue.pop(item));
  EXPECT_TRUE(queue.push(3));
  EXPECT_FALSE(queue.push(4));
}

// Each item owns memory that the other thread frees. A lost, doubled or torn item shows under any sanitizer.
TEST(SpscQueue, TwoThreadsPassEveryItemOnceAndInOrder) {
  constexpr std::uint64_t kItems = 50'000;
  SpscQueue<std::unique_ptr<std::uint64_t>> queue(16);
  std::thread producer([&queue] {
    for (std::uint64_t i = 0; i < kItems; ++i) {
      while (!queue.push(std::make_unique<std::uint64_t>(i))) std::this_thread::yield();
    }
  });
  std::uint64_t expected = 0;
  std::uint64_t wrong = 0;
  while (expected < kItems) {
    std::unique_ptr<std::uint64_t> item;
    if (!queue.pop(item)) {
      std::this_thread::yield();
      continue;
    }
    if (item == nullptr || *item != expected) ++wrong;
    ++expected;
  }
  producer.join();
  EXPECT_EQ(wrong, 0U);
}

}  // namespace
}  // namespace latchkey::runtime
