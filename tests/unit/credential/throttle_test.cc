#include "latchkey/credential/throttle.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include <string>
#include <thread>

#include "latchkey/base/assert.h"

namespace latchkey::credential {
namespace {

constexpr std::int64_t kWindowMs = 60'000;
constexpr BootTime kNow{1'000'000};

BootTime after(std::int64_t ms) { return {kNow.ms + ms}; }

class FailureMeterTest : public ::testing::Test {
 protected:
  FailureMeterTest() { LATCHKEY_ASSERT(sodium_init() >= 0); }

  /// Charges until it is refused. Returns how many charges were taken.
  static int charges(FailureMeter& meter, const FailureMeter::Place& place, BootTime now) {
    int count = 0;
    while (meter.charge(place, now) == 0) ++count;
    return count;
  }

  SystemRandom random_;
  FailureMeter meter_{6, kWindowMs, random_};  // a step of ten seconds
  const FailureMeter::Place alice_ = meter_.place_of(std::string_view("alice"));
  const FailureMeter::Place bob_ = meter_.place_of(std::string_view("bob"));
};

TEST_F(FailureMeterTest, ChargesAKeyAsOftenAsItMayFailAndSaysWhenTheNextMayBe) {
  EXPECT_EQ(charges(meter_, alice_, kNow), 6);
  EXPECT_EQ(meter_.charge(alice_, kNow), 10'000);
  EXPECT_EQ(meter_.charge(alice_, after(9'999)), 1);
  EXPECT_EQ(meter_.charge(alice_, after(10'000)), 0);
  EXPECT_EQ(meter_.charge(alice_, after(10'000)), 10'000);
}

TEST_F(FailureMeterTest, ChargesAsOftenAgainAfterAWindowAndNoOftenerHoweverLongItRests) {
  EXPECT_EQ(charges(meter_, alice_, kNow), 6);
  EXPECT_EQ(charges(meter_, alice_, after(kWindowMs / 2)), 3);
  EXPECT_EQ(charges(meter_, alice_, after(kWindowMs / 2 + kWindowMs)), 6);
  EXPECT_EQ(charges(meter_, alice_, after(100 * kWindowMs)), 6);
}

TEST_F(FailureMeterTest, IsHeldUpByChargesAloneAndNotByRefusals) {
  EXPECT_EQ(charges(meter_, alice_, kNow), 6);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(meter_.charge(alice_, kNow), 10'000);
  EXPECT_EQ(charges(meter_, alice_, after(kWindowMs)), 6);
}

TEST_F(FailureMeterTest, AChargeThatIsTakenBackLeavesNothing) {
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(meter_.charge(alice_, after(i)), 0);
    meter_.take_back(alice_);
  }
  EXPECT_EQ(charges(meter_, alice_, after(100)), 6);
  meter_.take_back(alice_);
  EXPECT_EQ(charges(meter_, alice_, after(100)), 1);
}

// The bound that the header gives: others gain only what the charge has run down before it was taken back.
TEST_F(FailureMeterTest, AChargeThatIsTakenBackLateGivesNoMoreThanTheTimeThatItStood) {
  ASSERT_EQ(meter_.charge(alice_, kNow), 0);
  EXPECT_EQ(charges(meter_, alice_, after(10'000)), 6);
  meter_.take_back(alice_);
  EXPECT_EQ(charges(meter_, alice_, after(10'000)), 1);
}

TEST_F(FailureMeterTest, KeepsKeysApart) {
  EXPECT_EQ(charges(meter_, alice_, kNow), 6);
  EXPECT_EQ(charges(meter_, bob_, kNow), 6);
}

TEST_F(FailureMeterTest, OneFailureIsABoundToo) {
  FailureMeter meter(1, kWindowMs, random_);
  EXPECT_EQ(charges(meter, alice_, kNow), 1);
  EXPECT_EQ(meter.charge(alice_, kNow), kWindowMs);
}

TEST_F(FailureMeterTest, RefusesNothingWhereItIsSwitchedOff) {
  FailureMeter meter(0, kWindowMs, random_);
  EXPECT_FALSE(meter.is_on());
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(meter.charge(alice_, kNow), 0);
  meter.take_back(alice_);
}

TEST_F(FailureMeterTest, TakesTheBoundsOfTheSettings) {
  FailureMeter dense(FailureMeter::kMaxFailures, FailureMeter::kMinWindowMs, random_);
  EXPECT_EQ(charges(dense, alice_, kNow), static_cast<int>(FailureMeter::kMaxFailures));
  FailureMeter sparse(1, FailureMeter::kMaxWindowMs, random_);
  EXPECT_EQ(charges(sparse, alice_, kNow), 1);
  EXPECT_EQ(sparse.charge(alice_, kNow), FailureMeter::kMaxWindowMs);
}

TEST_F(FailureMeterTest, PutsAKeyIntoOtherCellsInEachProcess) {
  const FailureMeter other(6, kWindowMs, random_);
  EXPECT_NE(meter_.place_of(std::string_view("alice")), other.place_of(std::string_view("alice")));
}

// The header's condition at its limit: other names have half as many live charges as a row has cells.
TEST_F(FailureMeterTest, RefusesNoBystanderWhileItIsSprayedWithNames) {
  for (std::size_t i = 0; i < FailureMeter::kCellsPerRow / 2; ++i) {
    ASSERT_EQ(meter_.charge(meter_.place_of("sprayed" + std::to_string(i)), kNow), 0) << i;
  }
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(meter_.charge(meter_.place_of("bystander" + std::to_string(i)), kNow), 0) << i;
  }
}

// Each thread but one may find the last place free at the same time. What each takes is charged.
TEST_F(FailureMeterTest, LosesNoChargeWhereManyThreadsGuessAtOnce) {
  constexpr int kThreads = 4;
  constexpr int kFailures = 200'000;
  FailureMeter meter(kFailures, FailureMeter::kMaxWindowMs, random_);
  std::atomic<int> charged = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      while (meter.charge(alice_, kNow) == 0) {
        ++charged;
        // A login that succeeds at the same time.
        if (meter.charge(alice_, kNow) == 0) meter.take_back(alice_);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  // A thread may be refused because of a charge that another takes back later. That place is still free.
  charged += charges(meter, alice_, kNow);
  EXPECT_GE(charged, kFailures);
  EXPECT_LE(charged, kFailures + kThreads - 1);
}

TEST(Throttle, MetersUsersAndAddressesEachByItsOwnNumber) {
  LATCHKEY_ASSERT(sodium_init() >= 0);
  SystemRandom random;
  Throttle throttle({.failures_by_user = 1, .failures_by_address = 0, .window_ms = kWindowMs}, random);
  EXPECT_TRUE(throttle.by_user().is_on());
  EXPECT_FALSE(throttle.by_address().is_on());
  EXPECT_EQ(throttle.metrics().by_user.load(), 0U);
}

}  // namespace
}  // namespace latchkey::credential
