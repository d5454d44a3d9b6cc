#include "latchkey/credential/hash_pool.h"

#include <gtest/gtest.h>
#include <sched.h>

#include "latchkey/base/named_thread.h"
#include "support/base_doubles.h"
#include "support/hash_rig.h"

namespace latchkey::credential {
namespace {

using test::kCheapHash;
using test::must_make_pool;
using test::TickingClock;

TEST(HashPool, HasADummyHashThatCostsWhatANewHashCosts) {
  const std::unique_ptr<HashPool> pool = must_make_pool({1}, HashSettings{});
  EXPECT_FALSE(needs_rehash(pool->dummy_hash(), HashSettings{}));
  EXPECT_EQ(pool->dummy_hash().size(), make_hash("x", HashSettings{})->size());
  EXPECT_NE(pool->dummy_hash(), must_make_pool({1}, HashSettings{})->dummy_hash());
}

TEST(HashPool, RefusesSettingsOutOfBounds) {
  SystemRandom random;
  const auto pool = HashPool::create({.memory_bytes = 1, .passes = 1}, {1}, {}, random, ManualClock());
  ASSERT_FALSE(pool.has_value());
  EXPECT_EQ(pool.error().code, ErrorCode::kInvalid);
}

TEST(HashPool, AnswersRefusalsInStepsOfTwiceAHash) {
  SystemRandom random;
  EXPECT_EQ((*HashPool::create(kCheapHash, {1}, {}, random, TickingClock()))->refusal_step().ms(), 40);
  EXPECT_EQ(must_make_pool({1})->refusal_step().ms(), 20);
}

int policy_after_start(HashPool& pool, runtime::Port& port) {
  int policy = -1;
  background_thread("started", [&] {
    pool.started(port);
    policy = sched_getscheduler(0);
  }).join();
  return policy;
}

TEST(HashPool, AWorkerRunsOnlyWhereTheCoresLeaveTimeAndAStandbyBesideThem) {
  const ManualClock clock;
  const std::unique_ptr<HashPool> pool = must_make_pool({1}, kCheapHash, clock, {2});
  runtime::Mailbox mailbox{3, 8};
  EXPECT_EQ(policy_after_start(*pool, mailbox.port(1)), SCHED_IDLE);
  EXPECT_EQ(policy_after_start(*pool, mailbox.port(2)), SCHED_BATCH);
  EXPECT_EQ(sched_getscheduler(0), SCHED_OTHER);
}

TEST(HashPool, LendsAStandbyToOneClientAtATime) {
  const ManualClock clock;
  const std::unique_ptr<HashPool> pool = must_make_pool({1, 2}, kCheapHash, clock, {3});
  EXPECT_EQ(pool->engage_standby_of(0), runtime::PortId{3});
  EXPECT_FALSE(pool->engage_standby_of(0).has_value());
  EXPECT_FALSE(pool->engage_standby_of(1).has_value()) << "both workers share it";
  pool->note_relief(0);
  EXPECT_EQ(pool->engage_standby_of(1), runtime::PortId{3});
}

TEST(HashPool, HasNoStandbyToLendWhereNoneWasGiven) {
  EXPECT_FALSE(must_make_pool({1})->engage_standby_of(0).has_value());
}

}  // namespace
}  // namespace latchkey::credential
