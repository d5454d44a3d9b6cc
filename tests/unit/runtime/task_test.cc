#include "latchkey/runtime/task.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "latchkey/runtime/nursery.h"
#include "runtime/frame_pool.h"
#include "support/one_shot.h"

namespace latchkey::runtime {
namespace {

using test::OneShot;

constexpr int kMillion = 1'000'000;
// One frame of this test, at -O0 and under AddressSanitizer, is far smaller than this; a thousand are not.
constexpr std::uintptr_t kSameDepthBytes = std::uintptr_t{64} * 1024;

std::uintptr_t stack_address() noexcept {
  return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
}

std::uintptr_t distance(std::uintptr_t a, std::uintptr_t b) noexcept { return a < b ? b - a : a - b; }

Task<int> number(int value, std::uintptr_t& depth) {
  depth = stack_address();
  co_return value;
}

Task<void> sum_of_ready(int count, std::int64_t& sum, std::uintptr_t& first, std::uintptr_t& last) {
  for (int i = 0; i < count; ++i) {
    Task<int> child = number(1, i == 0 ? first : last);
    sum += co_await child;
  }
}

TEST(Task, AMillionAwaitsThatCompleteAtOnceLeaveTheStackAsItWas) {
  std::int64_t sum = 0;
  std::uintptr_t first = 0;
  std::uintptr_t last = 0;
  Nursery nursery;
  nursery.spawn(sum_of_ready(kMillion, sum, first, last));
  EXPECT_EQ(sum, kMillion);
  EXPECT_LT(distance(first, last), kSameDepthBytes);
}

using Signals = std::vector<std::unique_ptr<OneShot<int>>>;

Task<int> wait_for(OneShot<int>& signal, std::uintptr_t& depth) {
  const int value = co_await signal;
  depth = stack_address();
  co_return value;
}

Task<void> sum_of_later(Signals& slot, int count, std::int64_t& sum, std::uintptr_t& first,
                        std::uintptr_t& last) {
  for (int i = 0; i < count; ++i) {
    slot.push_back(std::make_unique<OneShot<int>>());
    OneShot<int>& signal = *slot.back();
    Task<int> child = wait_for(signal, i == 0 ? first : last);
    sum += co_await child;
  }
}

TEST(Task, ManyAwaitsThatCompleteLaterLeaveTheStackAsItWas) {
  constexpr int kMany = 100'000;
  std::int64_t sum = 0;
  std::uintptr_t first = 0;
  std::uintptr_t last = 0;
  Signals slot;
  Nursery nursery;
  nursery.spawn(sum_of_later(slot, kMany, sum, first, last));
  for (int i = 0; i < kMany; ++i) {
    const std::unique_ptr<OneShot<int>> signal = std::move(slot.back());
    slot.pop_back();
    signal->set(1);
  }
  EXPECT_EQ(sum, kMany);
  EXPECT_EQ(nursery.running(), 0U);
  EXPECT_LT(distance(first, last), kSameDepthBytes);
}

Task<std::unique_ptr<std::string>> text() {
  co_return std::make_unique<std::string>("a value that only moves");
}

Task<void> keep(Task<std::unique_ptr<std::string>> task, std::unique_ptr<std::string>& kept) {
  kept = co_await task;
}

TEST(Task, AValueThatOnlyMovesComesOutOfATaskThatWasMoved) {
  std::unique_ptr<std::string> kept;
  Task<std::unique_ptr<std::string>> task = text();
  Task<std::unique_ptr<std::string>> moved = std::move(task);
  Nursery nursery;
  nursery.spawn(keep(std::move(moved), kept));
  ASSERT_NE(kept, nullptr);
  EXPECT_EQ(*kept, "a value that only moves");
}

Task<void> hold(std::shared_ptr<int> held, bool& ran) {
  ran = true;
  *held += 1;
  co_return;
}

TEST(Task, ATaskThatIsNeverAwaitedNeverRunsAndLetsGoOfItsParameters) {
  const auto held = std::make_shared<int>(0);
  bool ran = false;
  {
    const Task<void> task = hold(held, ran);
    EXPECT_EQ(held.use_count(), 2);
  }
  EXPECT_FALSE(ran);
  EXPECT_EQ(held.use_count(), 1);
}

TEST(Task, AssigningToATaskDestroysTheOneThatStoodThere) {
  const auto first = std::make_shared<int>(0);
  const auto second = std::make_shared<int>(0);
  bool ran = false;
  Task<void> task = hold(first, ran);
  task = hold(second, ran);
  EXPECT_EQ(first.use_count(), 1);
  EXPECT_EQ(second.use_count(), 2);
}

Task<void> await_both(std::shared_ptr<int> held, bool& freed_between) {
  {
    bool ran = false;
    const Task<void> child = hold(held, ran);
    co_await child;
  }
  freed_between = held.use_count() == 2;
}

TEST(Task, AFinishedChildIsFreedWhenItsTaskGoes) {
  const auto held = std::make_shared<int>(0);
  bool freed_between = false;
  Nursery nursery;
  nursery.spawn(await_both(held, freed_between));
  EXPECT_TRUE(freed_between);
  EXPECT_EQ(*held, 1);
  EXPECT_EQ(held.use_count(), 1);
}

Task<int> nested(int depth) {
  if (depth == 0) co_return 0;
  Task<int> child = nested(depth - 1);
  const int below = co_await child;
  co_return below + 1;
}

Task<void> nest(int depth, int& result) {
  Task<int> child = nested(depth);
  result = co_await child;
}

TEST(Task, ValuesComeUpThroughManyLevels) {
  int result = 0;
  Nursery nursery;
  nursery.spawn(nest(100, result));
  EXPECT_EQ(result, 100);
}

TEST(FramePool, MemoryOfEverySizeIsWholeAndApart) {
  constexpr std::size_t kLargest = 6000;
  std::vector<std::pair<unsigned char*, std::size_t>> frames;
  for (int round = 0; round < 2; ++round) {
    for (std::size_t size = 1; size <= kLargest; size += 61) {
      auto* const frame = static_cast<unsigned char*>(allocate_frame(size));
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(frame) % alignof(std::max_align_t), 0U);
      std::fill_n(frame, size, static_cast<unsigned char>(size));
      frames.emplace_back(frame, size);
    }
    for (const auto& [frame, size] : frames) {
      EXPECT_EQ(frame[0], static_cast<unsigned char>(size));
      EXPECT_EQ(frame[size - 1], static_cast<unsigned char>(size));
      free_frame(frame, size);
    }
    frames.clear();
  }
}

}  // namespace
}  // namespace latchkey::runtime
