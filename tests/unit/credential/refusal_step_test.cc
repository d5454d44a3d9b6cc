#include "credential/refusal_step.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include "latchkey/credential/stored_kinds.h"
#include "latchkey/credential/user_table.h"
#include "support/base_doubles.h"
#include "support/store_rig.h"
#include "support/temporary_directory.h"

namespace latchkey::credential {
namespace {

using test::TickingClock;

constexpr const char* kBcrypt5 = "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
constexpr const char* kBcrypt4 = "$2b$04$abcdefghijklmnopqrstuuPp7HPfoAs8I2dCQCQ/fW7zEJv8I8C8e";
constexpr const char* kOtherBcrypt5 = "$2b$05$abcdefghijklmnopqrstuuWG29KuyeAicPCJODk1zjyGvyQUU2awu";
constexpr const char* kSha512 =
    "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1";
constexpr const char* kSha512Rounds =
    "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/"
    "UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.";

TEST(RefusalStep, IsTwiceTheSlowestVerificationAndNeverShrinks) {
  RefusalStep step;
  EXPECT_EQ(step.ms(), 20);
  step.cover(3);
  EXPECT_EQ(step.ms(), 20);
  step.cover(17);
  EXPECT_EQ(step.ms(), 40);
  step.cover(16);
  EXPECT_EQ(step.ms(), 40);
  step.cover(2'000'000'000'000);
  EXPECT_EQ(step.ms(), RefusalStep::kMaxMs);
}

TEST(RefusalStep, GrowsByWhatAHashOfANewKindTakes) {
  RefusalStep step;
  EXPECT_TRUE(step.measure(kBcrypt4, TickingClock(50)).has_value());
  EXPECT_EQ(step.ms(), 100);
  EXPECT_TRUE(step.measure(kBcrypt5, TickingClock(201)).has_value());
  EXPECT_EQ(step.ms(), 410);
  EXPECT_TRUE(step.measure(kSha512, TickingClock(100)).has_value());
  EXPECT_EQ(step.ms(), 410);
}

TEST(RefusalStep, MeasuresAKindOnce) {
  RefusalStep step;
  EXPECT_TRUE(step.measure(kBcrypt5, TickingClock(50)).has_value());
  EXPECT_TRUE(step.measure(kOtherBcrypt5, TickingClock(1000)).has_value());
  EXPECT_EQ(step.ms(), 100);
}

TEST(RefusalStep, IsLeftAloneByAHashThatCannotBeVerified) {
  RefusalStep step;
  EXPECT_EQ(step.measure("hunter2", TickingClock(1000)).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(step.ms(), RefusalStep::kMinMs);
}

class StoredKindsTest : public ::testing::Test {
 protected:
  void add(const std::string& hash) {
    User user;
    user.name = "user" + std::to_string(++users_);
    user.password_hash = hash;
    ASSERT_TRUE(user_table::add(database_, user).has_value());
  }

  test::TemporaryDirectory scratch_;
  store::Database database_ = test::must_open(scratch_ / "a.db");
  test::KeptLog log_;
  int users_ = 0;
};

TEST_F(StoredKindsTest, AreNoneWhereThereIsNoUser) {
  const Result<StoredKinds> found = find_stored_kinds(database_);
  EXPECT_TRUE(found->hashes.empty());
  EXPECT_TRUE(found->is_complete);
}

TEST_F(StoredKindsTest, AreFoundOnceEachHoweverManyUsersHaveThem) {
  for (int i = 0; i < 500; ++i) {
    // Salts that sort before and behind the text "rounds", which is not a salt.
    add("$6$" + std::to_string(i) + std::string(kSha512).substr(13));
    add("$6$s" + std::to_string(i) + std::string(kSha512).substr(13));
  }
  for (const char* const hash : {kBcrypt5, kOtherBcrypt5, kBcrypt4, kSha512Rounds}) add(hash);
  const Result<StoredKinds> found = find_stored_kinds(database_);
  EXPECT_EQ(found->hashes.size(), 4U);
  EXPECT_TRUE(found->is_complete);
}

TEST_F(StoredKindsTest, AreFoundBehindHashesThatCannotBeVerified) {
  for (const char* const hash : {"", "hunter2", "$2b$", "$2b$03$malformed", "$2b$04$", "\xff\xfe", "~"})
    add(hash);
  add(kBcrypt4);
  const Result<StoredKinds> found = find_stored_kinds(database_);
  ASSERT_EQ(found->hashes.size(), 1U);
  EXPECT_EQ(found->hashes.front(), kBcrypt4);
  EXPECT_TRUE(found->is_complete);
}

TEST_F(StoredKindsTest, AreLookedForWithinABound) {
  for (std::size_t i = 0; i <= kMaxKindLooks; ++i) add("$2b$03$malformed" + std::to_string(i));
  add(kBcrypt4);
  EXPECT_FALSE(find_stored_kinds(database_)->is_complete);

  RefusalStep step;
  EXPECT_TRUE(measure_stored_kinds(database_, step, ManualClock(), log_).has_value());
  EXPECT_TRUE(log_.has("login.kinds_not_measured"));
}

TEST_F(StoredKindsTest, AreAllCoveredByTheStep) {
  for (const char* const hash : {kBcrypt4, kBcrypt5, kSha512}) add(hash);
  RefusalStep step;
  EXPECT_TRUE(measure_stored_kinds(database_, step, TickingClock(35), log_).has_value());
  EXPECT_EQ(step.ms(), 70);
  EXPECT_FALSE(log_.has("login.kinds_not_measured"));
}

TEST_F(StoredKindsTest, AreNotMeasuredForLongerThanTheBound) {
  for (const char* const hash : {kBcrypt4, kBcrypt5, kSha512}) add(hash);
  RefusalStep step;
  EXPECT_TRUE(measure_stored_kinds(database_, step, TickingClock(kMaxMeasuring.count()), log_).has_value());
  EXPECT_EQ(step.ms(), 2 * kMaxMeasuring.count()) << "one was measured";
  EXPECT_TRUE(log_.has("login.kinds_not_measured"));
}

}  // namespace
}  // namespace latchkey::credential
