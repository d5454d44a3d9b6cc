#include "credential/hash_run.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "support/base_doubles.h"
#include "support/hash_rig.h"

namespace latchkey::credential {
namespace {

/// A function that returns how often it has run, and a clock that advances by a second per look.
class HashRunTest : public ::testing::Test {
 protected:
  auto make() {
    return make_hash_run([this]() -> Result<int> { return ++runs_; });
  }

  const test::TickingClock clock_{1000};
  int runs_ = 0;
};

TEST_F(HashRunTest, GivesWhatTheFunctionGaveAndWhenItsRunnerBegan) {
  const auto run = make();
  run->run(Runner::kWorker, clock_);
  EXPECT_FALSE(run->is_settled()) << "a runner settles nothing before it is home";
  EXPECT_TRUE(run->settle(Runner::kWorker));
  EXPECT_EQ(run->take_outcome(), 1);
  EXPECT_EQ(run->began().ms, 1000);
}

TEST_F(HashRunTest, OfTwoRunnersTheFirstThatComesHomeSettlesIt) {
  const auto run = make();
  run->run(Runner::kWorker, clock_);
  run->run(Runner::kStandby, clock_);
  EXPECT_TRUE(run->settle(Runner::kStandby));
  EXPECT_FALSE(run->settle(Runner::kWorker));
  EXPECT_EQ(run->take_outcome(), 2);
  EXPECT_EQ(run->began().ms, 2000);
}

TEST_F(HashRunTest, ARunnerThatComesToASettledRunDoesNothing) {
  const auto run = make();
  run->run(Runner::kStandby, clock_);
  EXPECT_TRUE(run->settle(Runner::kStandby));
  run->run(Runner::kWorker, clock_);
  EXPECT_FALSE(run->settle(Runner::kWorker));
  EXPECT_EQ(runs_, 1);
  EXPECT_EQ(run->take_outcome(), 1);
}

TEST_F(HashRunTest, OneThatNobodyRanWasRefused) {
  const Result<int> outcome = make()->take_outcome();
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code, ErrorCode::kOverloaded);
}

TEST_F(HashRunTest, OwnsWhatTheFunctionOwnsUntilTheLastRunnerIsDone) {
  auto owned = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = owned;
  auto waiter = make_hash_run([owned = std::move(owned)]() -> Result<int> { return *owned; });
  std::shared_ptr<HashRun> runner = waiter;
  waiter->run(Runner::kStandby, clock_);
  EXPECT_TRUE(waiter->settle(Runner::kStandby));
  waiter.reset();
  EXPECT_FALSE(watched.expired());
  runner->run(Runner::kWorker, clock_);
  runner.reset();
  EXPECT_TRUE(watched.expired());
}

TEST_F(HashRunTest, TwoRunnersAtOnceEachKeepWhatTheyFound) {
  const SystemClock clock;
  const auto run = make_hash_run([] { return make_hash("my pass", test::kCheapHash); });
  std::thread worker([&] { run->run(Runner::kWorker, clock); });
  std::thread standby([&] { run->run(Runner::kStandby, clock); });
  standby.join();
  EXPECT_TRUE(run->settle(Runner::kStandby));
  EXPECT_TRUE(*verify_password("my pass", *run->take_outcome()));
  worker.join();
}

}  // namespace
}  // namespace latchkey::credential
