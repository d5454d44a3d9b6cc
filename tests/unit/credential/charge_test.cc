#include "latchkey/credential/charge.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include <string_view>
#include <utility>

#include "latchkey/base/assert.h"

namespace latchkey::credential {
namespace {

constexpr BootTime kNow{1'000'000};
constexpr std::int64_t kStepMs = 30'000;
constexpr std::string_view kName = "alice";

/// Tests with a meter at which a key may fail twice.
class ChargeTest : public ::testing::Test {
 protected:
  ChargeTest() { LATCHKEY_ASSERT(sodium_init() >= 0); }

  /// Charges for good until it is refused. Returns how often that went well.
  int free_charges() {
    int count = 0;
    while (Charge().put_on(meter_, kName, kNow) == 0) ++count;
    return count;
  }

  SystemRandom random_;
  FailureMeter meter_{2, 2 * kStepMs, random_};
};

TEST_F(ChargeTest, StaysWhereItIsNotRefundedWhateverBecomesOfTheObject) {
  {
    Charge charge;
    EXPECT_EQ(charge.put_on(meter_, kName, kNow), 0);
  }
  EXPECT_EQ(free_charges(), 1);
}

TEST_F(ChargeTest, LeavesNothingWhereItIsRefunded) {
  Charge charge;
  EXPECT_EQ(charge.put_on(meter_, kName, kNow), 0);
  charge.refund();
  EXPECT_EQ(free_charges(), 2);
}

TEST_F(ChargeTest, IsRefundedOnceHoweverOftenThatIsAsked) {
  Charge charge;
  EXPECT_EQ(charge.put_on(meter_, kName, kNow), 0);
  EXPECT_EQ(Charge().put_on(meter_, kName, kNow), 0);
  charge.refund();
  charge.refund();
  EXPECT_EQ(free_charges(), 1) << "somebody else's charge was taken back too";
}

TEST_F(ChargeTest, OneThatWasRefusedSaysForHowLongAndHasNothingToRefund) {
  EXPECT_EQ(free_charges(), 2);
  Charge charge;
  EXPECT_EQ(charge.put_on(meter_, kName, kNow), kStepMs);
  charge.refund();
  EXPECT_EQ(free_charges(), 0);
}

TEST_F(ChargeTest, GoesWithTheObjectThatItIsMovedTo) {
  Charge first;
  EXPECT_EQ(first.put_on(meter_, kName, kNow), 0);
  Charge second(std::move(first));
  Charge third;
  third = std::move(second);
  third.refund();
  EXPECT_EQ(free_charges(), 2);
}

TEST_F(ChargeTest, TakesAKeyAsTextOrAsBytes) {
  const std::span<const std::uint8_t> bytes(reinterpret_cast<const std::uint8_t*>(kName.data()),
                                            kName.size());
  EXPECT_EQ(Charge().put_on(meter_, bytes, kNow), 0);
  EXPECT_EQ(free_charges(), 1);
}

}  // namespace
}  // namespace latchkey::credential
