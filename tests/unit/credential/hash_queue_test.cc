#include "credential/hash_queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace latchkey::credential {
namespace {

/// Jobs that are numbers, in the order of their arrival.
class HashQueueTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kPlaces = 8;

  void add(int begin, int end) {
    for (int job = begin; job < end; ++job) EXPECT_TRUE(queue_.add(job)) << job;
  }
  std::vector<int> taken() {
    std::vector<int> jobs;
    while (!queue_.is_empty()) jobs.push_back(queue_.take());
    return jobs;
  }
  std::vector<int> refused() {
    std::vector<int> jobs;
    while (queue_.refused() > 0) jobs.push_back(queue_.take_refused());
    return jobs;
  }

  HashQueue<int> queue_{kPlaces};
};

TEST_F(HashQueueTest, GivesJobsInTheOrderTheyCame) {
  add(0, 8);
  EXPECT_TRUE(queue_.is_full());
  EXPECT_EQ(taken(), (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(queue_.refused(), 0U);
}

TEST_F(HashQueueTest, RefusesForEachOneTooManyTheOneThatHasWaitedLongest) {
  add(0, 11);
  EXPECT_EQ(queue_.waiting(), kPlaces);
  EXPECT_EQ(refused(), (std::vector<int>{2, 1, 0})) << "the one refused last is told first";
}

TEST_F(HashQueueTest, GivesTheNewestOnceItHasOverflowedAndEveryFourthTimeTheOldest) {
  add(0, 9);
  EXPECT_EQ(taken(), (std::vector<int>{8, 7, 6, 1, 5, 4, 3, 2}));
}

TEST_F(HashQueueTest, CountsToTheOldestFromWhereItOverflowedAndNotAnewWithEachOverflow) {
  add(0, 9);
  EXPECT_EQ(queue_.take(), 8);
  EXPECT_EQ(queue_.take(), 7);
  add(9, 12);  // number 1 is refused too
  EXPECT_EQ(queue_.take(), 11);
  EXPECT_EQ(queue_.take(), 2);
}

TEST_F(HashQueueTest, StaysNewestFirstUntilItHasRunEmptyAndIsInOrderThen) {
  add(0, 9);
  for (int i = 0; i < 7; ++i) queue_.take();
  add(9, 11);
  EXPECT_EQ(taken(), (std::vector<int>{2, 10, 9}));
  add(0, 8);
  EXPECT_EQ(taken(), (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7}));
  refused();
  add(0, 9);
  EXPECT_EQ(taken(), (std::vector<int>{8, 7, 6, 1, 5, 4, 3, 2}))
      << "the count of the overflow before went on";
}

TEST_F(HashQueueTest, TakesNoMoreWhereAsManyAsItHasRoomForAreRefusedAndNotTold) {
  add(0, 16);
  EXPECT_FALSE(queue_.add(16));
  EXPECT_EQ(queue_.take_refused(), 7);
  EXPECT_TRUE(queue_.add(17));
  EXPECT_EQ(refused(), (std::vector<int>{8, 6, 5, 4, 3, 2, 1, 0}));
  EXPECT_EQ(queue_.waiting(), kPlaces);
}

TEST_F(HashQueueTest, TakesNothingWhereItHasNoRoom) {
  HashQueue<int> none(0);
  EXPECT_TRUE(none.is_empty() && none.is_full());
  EXPECT_FALSE(none.add(0));
  EXPECT_EQ(none.refused(), 0U);
}

TEST_F(HashQueueTest, KeepsNothingOfAJobThatItHasGivenAway) {
  HashQueue<std::shared_ptr<int>> queue(1);
  const auto first = std::make_shared<int>(1);
  const auto second = std::make_shared<int>(2);
  EXPECT_TRUE(queue.add(first) && queue.add(second));
  queue.take();
  queue.take_refused();
  EXPECT_EQ(first.use_count(), 1);
  EXPECT_EQ(second.use_count(), 1);
}

}  // namespace
}  // namespace latchkey::credential
