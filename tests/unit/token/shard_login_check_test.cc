// What happens to a login if the password changes between its verification and its token.
#include <gtest/gtest.h>

#include "shard_fixture.h"

namespace latchkey::token {
namespace {

class ShardLoginCheckTest : public ShardTest {
 protected:
  static constexpr std::int64_t kOld = 0;
  static constexpr std::int64_t kNew = 1;

  /// In the API's order: first the write, then the end of all tokens.
  std::size_t change_password(std::int64_t user_id) {
    login_check_.password_numbers[user_id] = kNew;
    return start(shard().end_all(user_id, store::Death::kDeleted))->value().value();
  }
  Login log_in_with(std::int64_t password_number, std::uint32_t from = 1) {
    return start_login(kAlice, from, password_number)->value().value();
  }
  ErrorCode refused_with(std::int64_t password_number, std::uint32_t from = 1) {
    return start_login(kAlice, from, password_number)->value().error().code;
  }
};

TEST_F(ShardLoginCheckTest, ALoginWhosePasswordIsChangedMakesNothingAndWritesNothing) {
  change_password(kAlice);
  EXPECT_EQ(refused_with(kOld), ErrorCode::kCancelled);
  EXPECT_EQ(store_.logins, 0U);
  EXPECT_EQ(shard().counts().live, 0U);
  EXPECT_EQ(shard().counts().users, 0U);
  EXPECT_EQ(shard().table().index_cells(), 0U);
  EXPECT_TRUE(log_in_with(kNew).is_new);
}

TEST_F(ShardLoginCheckTest, GivenALimitItEndsNobodysToken) {
  settings_.tokens_per_user = 1;
  change_password(kAlice);
  const Login kept = log_in_with(kNew, 1);
  EXPECT_EQ(refused_with(kOld, 2), ErrorCode::kCancelled);
  EXPECT_EQ(check(kept.token, 1), Outcome::kAdmitted);
  EXPECT_EQ(store_.rows.at(1).death, store::Death::kNone);
}

TEST_F(ShardLoginCheckTest, WhereANewerLoginHasTheTokenOfItsPlaceThatStays) {
  change_password(kAlice);
  const Login newer = log_in_with(kNew);
  EXPECT_EQ(refused_with(kOld), ErrorCode::kCancelled);
  EXPECT_EQ(check(newer.token), Outcome::kAdmitted);
  EXPECT_EQ(store_.death_writes, 0U);
  EXPECT_EQ(log_in_with(kNew).token, newer.token);
}

TEST_F(ShardLoginCheckTest, ANewerLoginThatWaitsForItsTokenGetsOneOfItsOwn) {
  change_password(kAlice);
  login_check_.holds = true;
  const auto older = start_login(kAlice, 1, kOld);
  const auto newer = start_login(kAlice, 1, kNew);
  const auto second_older = start_login(kAlice, 1, kOld);
  const auto second_newer = start_login(kAlice, 1, kNew);
  EXPECT_EQ(login_check_.asked, 1U);
  login_check_.holds = false;
  answer(login_check_);
  EXPECT_EQ(older->value().error().code, ErrorCode::kCancelled);
  EXPECT_EQ(second_older->value().error().code, ErrorCode::kCancelled);
  ASSERT_TRUE(newer->value() && second_newer->value());
  EXPECT_EQ(check(newer->value()->token), Outcome::kAdmitted);
  EXPECT_EQ(second_newer->value()->token, newer->value()->token);
  EXPECT_EQ(store_.logins, 1U);
  EXPECT_EQ(store_.death_writes, 0U);
}

TEST_F(ShardLoginCheckTest, GivenALimitOneFromElsewhereThatWaitsForItGoesOn) {
  settings_.tokens_per_user = 1;
  change_password(kAlice);
  login_check_.holds = true;
  const auto older = start_login(kAlice, 1, kOld);
  const auto newer = start_login(kAlice, 2, kNew);
  EXPECT_EQ(login_check_.asked, 1U);
  login_check_.holds = false;
  answer(login_check_);
  EXPECT_FALSE(older->value());
  EXPECT_EQ(check(newer->value()->token, 2), Outcome::kAdmitted);
}

// The check came before the change, so the end of all that follows the change finds the login.
TEST_F(ShardLoginCheckTest, AChangeAfterTheLookEndsTheLoginBeforeItIsWritten) {
  login_check_.holds = true;
  const auto login = start_login(kAlice, 1, kOld);
  EXPECT_EQ(change_password(kAlice), 0U);
  login_check_.holds = false;
  answer(login_check_);
  EXPECT_EQ(login->value().error().code, ErrorCode::kCancelled);
  EXPECT_EQ(store_.logins, 0U);
  EXPECT_EQ(shard().counts().live, 0U);
}

TEST_F(ShardLoginCheckTest, AChangeAfterTheWriteBeganEndsWhatWasWritten) {
  store_.holds = true;
  const auto login = start_login(kAlice, 1, kOld);
  login_check_.password_numbers[kAlice] = kNew;
  const auto ended = start(shard().end_all(kAlice, store::Death::kDeleted));
  while (store_.is_asked()) answer(store_);
  EXPECT_EQ(login->value().error().code, ErrorCode::kCancelled);
  EXPECT_EQ(store_.rows.at(1).death, store::Death::kDeleted);
  EXPECT_EQ(shard().counts().live, 0U);
}

// The login that made it passed the check before the change. So the end of all finds the token, whether given
// again or not.
TEST_F(ShardLoginCheckTest, ATokenThatWasGivenAgainDiesWithTheChangeAllTheSame) {
  const Login first = log_in_with(kOld);
  login_check_.holds = true;
  const auto again = start_login(kAlice, 1, kOld);
  EXPECT_EQ(change_password(kAlice), 1U);
  login_check_.holds = false;
  answer(login_check_);
  EXPECT_EQ(check(first.token), Outcome::kExpired);
  EXPECT_EQ(store_.rows.at(1).death, store::Death::kDeleted);
  EXPECT_NE(log_in_with(kNew).token, first.token);
}

TEST_F(ShardLoginCheckTest, ACheckThatFailsMakesNothingForAllWhoWait) {
  login_check_.holds = true;
  const auto first = start_login(kAlice);
  const auto second = start_login(kAlice);
  login_check_.refusal = Error{ErrorCode::kOverloaded, "the way to the store is full"};
  answer(login_check_);
  EXPECT_EQ(first->value().error().code, ErrorCode::kOverloaded);
  EXPECT_EQ(second->value().error().code, ErrorCode::kOverloaded);
  EXPECT_EQ(login_check_.asked, 1U);
  EXPECT_EQ(store_.logins, 0U);
  EXPECT_EQ(shard().counts().live, 0U);
}

TEST_F(ShardLoginCheckTest, ACheckThatFailsLeavesTheTokenThatLives) {
  const Login first = log_in(kAlice);
  login_check_.refusal = Error{ErrorCode::kUnavailable, "the disk is full"};
  EXPECT_EQ(start_login(kAlice)->value().error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(check(first.token), Outcome::kAdmitted);
}

TEST_F(ShardLoginCheckTest, GivenAKeyThatIsRotatedDuringTheLookTheRowNamesTheOneThatSignedTheToken) {
  login_check_.holds = true;
  const auto login = start_login(kAlice);
  const Keyring rotated(test_key_file(2));
  shard().use_keyring(rotated);
  answer(login_check_);
  EXPECT_EQ(store_.rows.at(1).key_number, 1);
  restart(true);
  EXPECT_EQ(check(login->value().value().token), Outcome::kAdmitted);
}

TEST_F(ShardLoginCheckTest, RefusedLoginsHoldNoPlaceOfThoseUnderWay) {
  change_password(kAlice);
  for (std::size_t i = 0; i < 2 * LoginsUnderWay::kMax; ++i) {
    ASSERT_EQ(refused_with(kOld), ErrorCode::kCancelled);
    if (i % 100 == 0) turn();
  }
  EXPECT_EQ(shard().counts().live, 0U);
  EXPECT_EQ(check(log_in_with(kNew).token), Outcome::kAdmitted);
}

}  // namespace
}  // namespace latchkey::token
