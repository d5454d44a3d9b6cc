#include "credential/worker_watch.h"

#include <gtest/gtest.h>

namespace latchkey::credential {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr std::int64_t kStepMs = 40;
constexpr std::int64_t kPatienceMs = WorkerWatch::kPatienceSteps * kStepMs;
constexpr nanoseconds kShare = nanoseconds(milliseconds(kPatienceMs)) / WorkerWatch::kLeastShare;
constexpr std::int64_t kBeganMs = 1'000'000;
constexpr std::int64_t kNotSince = 0;  ///< nothing was done for a long time

BootTime after(std::int64_t ms) { return {kBeganMs + ms}; }

/// A worker that got its first job at `kBeganMs`, after five seconds of CPU time.
class WorkerWatchTest : public ::testing::Test {
 protected:
  static constexpr nanoseconds kHad = milliseconds(5000);

  WorkerWatchTest() { watch_.begin(after(0), kHad); }
  bool starves(std::int64_t at_ms) const { return watch_.wants_relief(after(at_ms), kStepMs, kNotSince); }

  WorkerWatch watch_;
};

TEST_F(WorkerWatchTest, LooksAgainWhenPatienceIsAtItsEndAndNotBefore) {
  EXPECT_FALSE(watch_.is_due(after(kPatienceMs - 1), kStepMs));
  EXPECT_TRUE(watch_.is_due(after(kPatienceMs), kStepMs));
  watch_.look(after(kPatienceMs), kHad, kNotSince);
  EXPECT_FALSE(watch_.is_due(after(2 * kPatienceMs - 1), kStepMs));
  EXPECT_TRUE(watch_.is_due(after(2 * kPatienceMs), kStepMs));
}

TEST_F(WorkerWatchTest, OneThatHasJustGotWorkDoesNotStarve) {
  EXPECT_FALSE(starves(0));
  EXPECT_FALSE(starves(kPatienceMs)) << "nobody has looked";
}

TEST_F(WorkerWatchTest, OneThatDidNothingAndHadNextToNoTimeStarves) {
  watch_.look(after(kPatienceMs), kHad + kShare - nanoseconds(1), kBeganMs);
  EXPECT_TRUE(starves(kPatienceMs));
}

TEST_F(WorkerWatchTest, OneThatHadItsShareOfACpuIsOnlySlow) {
  watch_.look(after(kPatienceMs), kHad + kShare, kNotSince);
  EXPECT_FALSE(starves(kPatienceMs));
}

TEST_F(WorkerWatchTest, OneThatDidAJobComesOnHoweverLittleTimeItHad) {
  watch_.look(after(kPatienceMs), kHad, kBeganMs + 1);
  EXPECT_FALSE(starves(kPatienceMs));
}

TEST_F(WorkerWatchTest, JudgesEachLookByWhatHappenedSinceTheLast) {
  watch_.look(after(kPatienceMs), kHad + kShare, kNotSince);
  watch_.look(after(2 * kPatienceMs), kHad + kShare, kNotSince);
  EXPECT_TRUE(starves(2 * kPatienceMs)) << "it had its share before";
  watch_.look(after(3 * kPatienceMs), kHad + 2 * kShare, kNotSince);
  EXPECT_FALSE(starves(3 * kPatienceMs));
}

TEST_F(WorkerWatchTest, OneThatStarvesIsRelievedOfOneJobInAStep) {
  watch_.look(after(kPatienceMs), kHad, kNotSince);
  constexpr std::int64_t kAgainMs = WorkerWatch::kAgainSteps * kStepMs;
  EXPECT_FALSE(watch_.wants_relief(after(kPatienceMs), kStepMs, kBeganMs + kPatienceMs - kAgainMs + 1));
  EXPECT_TRUE(watch_.wants_relief(after(kPatienceMs), kStepMs, kBeganMs + kPatienceMs - kAgainMs));
}

TEST_F(WorkerWatchTest, OneThatWasIdleBeginsAnew) {
  watch_.look(after(kPatienceMs), kHad, kNotSince);
  watch_.begin(after(kPatienceMs), kHad);
  EXPECT_FALSE(starves(kPatienceMs));
  EXPECT_FALSE(watch_.is_due(after(2 * kPatienceMs - 1), kStepMs));
}

}  // namespace
}  // namespace latchkey::credential
