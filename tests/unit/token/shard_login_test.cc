#include <gtest/gtest.h>

#include <set>

#include "shard_fixture.h"

namespace latchkey::token {
namespace {

using ShardLoginTest = ShardTest;

TEST_F(ShardLoginTest, ALoginGivesATokenThatAdmitsAndSaysWhenItExpires) {
  const Login login = log_in(kAlice);
  EXPECT_TRUE(login.is_new);
  EXPECT_EQ(login.expires.ms, clock_.wall().ms + kTimeoutMs);
  EXPECT_EQ(login.token.tag(), keyring_->tag_of(kAlice));
  const Admission admission = registry_->check(login.token, binding(1), now());
  EXPECT_EQ(admission.outcome, Outcome::kAdmitted);
  EXPECT_EQ(admission.user->id(), kAlice);
  EXPECT_EQ(admission.user->header_name(), "user7");
}

TEST_F(ShardLoginTest, TheStoreGetsTheSessionAndNeverTheToken) {
  const Login login = log_in(kAlice);
  const store::Session& session = store_.rows.at(1);
  EXPECT_EQ(session.user_id, kAlice);
  EXPECT_EQ(session.user_name, "user7");
  EXPECT_EQ(session.binding, binding(1));
  EXPECT_EQ(session.key_number, 1);
  EXPECT_EQ(session.created, clock_.wall());
  EXPECT_EQ(session.last_used, clock_.wall());
  EXPECT_EQ(session.address, "192.0.2.1");
  EXPECT_EQ(session.lookup, keyring_->lookup_hash(login.token));
  const Secret secret = keyring_->sign(1, session.id);
  EXPECT_TRUE(std::equal(secret.begin(), secret.end(), login.token.secret().begin()));
}

TEST_F(ShardLoginTest, ATokenAdmitsOnlyWhenTheStoreHasIt) {
  store_.holds = true;
  const auto login = start_login(kAlice);
  EXPECT_FALSE(login->has_value());
  EXPECT_EQ(shard().counts().live, 1U);
  answer(store_);
  ASSERT_TRUE(login->has_value());
  EXPECT_EQ(check(login->value()->token), Outcome::kAdmitted);
}

TEST_F(ShardLoginTest, TheSameUserFromTheSamePlaceGetsTheSameTokenRefreshed) {
  const Login first = log_in(kAlice);
  pass_ms(300);
  const Login second = log_in(kAlice);
  EXPECT_EQ(second.token, first.token);
  EXPECT_FALSE(second.is_new);
  EXPECT_EQ(second.expires.ms, clock_.wall().ms + kTimeoutMs);
  EXPECT_EQ(store_.logins, 1U);
}

TEST_F(ShardLoginTest, FromAnotherPlaceOrAsAnotherUserItIsAnotherToken) {
  const Login first = log_in(kAlice, 1);
  const Login elsewhere = log_in(kAlice, 2);
  const Login other_user = log_in(kBob, 1);
  EXPECT_NE(elsewhere.token, first.token);
  EXPECT_NE(other_user.token, first.token);
  EXPECT_EQ(check(first.token, 1), Outcome::kAdmitted);
  EXPECT_EQ(check(first.token, 2), Outcome::kUnknown);
  EXPECT_EQ(check(elsewhere.token, 2), Outcome::kAdmitted);
}

TEST_F(ShardLoginTest, AfterTheTokenTimedOutItIsANewOneEvenBeforeTheWheelNoticed) {
  const Login first = log_in(kAlice);
  clock_.advance_ms(kTimeoutMs + kRefreshStepMs);
  const Login second = log_in(kAlice);
  EXPECT_NE(second.token, first.token);
  EXPECT_EQ(check(first.token), Outcome::kExpired);
  EXPECT_EQ(check(second.token), Outcome::kAdmitted);
}

TEST_F(ShardLoginTest, ASecondLoginWhileTheFirstIsUnderWayWaitsForTheSameCommit) {
  store_.holds = true;
  const auto first = start_login(kAlice);
  const auto second = start_login(kAlice);
  const auto third = start_login(kAlice);
  EXPECT_EQ(store_.logins, 1U);
  EXPECT_FALSE(second->has_value());
  answer(store_);
  ASSERT_TRUE(first->has_value() && second->has_value() && third->has_value());
  EXPECT_EQ(second->value()->token, first->value()->token);
  EXPECT_EQ(third->value()->token, first->value()->token);
  EXPECT_TRUE(first->value()->is_new);
  EXPECT_FALSE(second->value()->is_new);
}

TEST_F(ShardLoginTest, IfTheStoreRefusesNobodyGetsATokenAndNothingIsLeft) {
  store_.holds = true;
  const auto first = start_login(kAlice);
  const auto second = start_login(kAlice);
  store_.refuse();
  answer(store_);
  ASSERT_TRUE(first->has_value() && second->has_value());
  EXPECT_EQ(first->value().error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(second->value().error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(shard().counts().live, 0U);
  EXPECT_EQ(shard().counts().users, 0U);
  store_.accept();
  store_.holds = false;
  EXPECT_EQ(check(log_in(kAlice).token), Outcome::kAdmitted);
}

TEST_F(ShardLoginTest, PastTheLimitTheOldestDieInTheSameTransaction) {
  settings_.tokens_per_user = 3;
  std::vector<Token> tokens;
  for (std::uint32_t from = 1; from <= 5; ++from) tokens.push_back(log_in(kAlice, from).token);
  EXPECT_EQ(check(tokens[0], 1), Outcome::kLimit);
  EXPECT_EQ(check(tokens[1], 2), Outcome::kLimit);
  for (std::uint32_t from = 3; from <= 5; ++from) {
    EXPECT_EQ(check(tokens[from - 1], from), Outcome::kAdmitted);
  }
  EXPECT_EQ(store_.rows.at(1).death, store::Death::kLimit);
  EXPECT_EQ(store_.rows.at(2).death, store::Death::kLimit);
  EXPECT_EQ(store_.rows.at(3).death, store::Death::kNone);
  EXPECT_EQ(store_.death_writes, 0U);
}

TEST_F(ShardLoginTest, TheLimitGoesByCreationAndNotByUse) {
  settings_.tokens_per_user = 2;
  const Login first = log_in(kAlice, 1);
  pass_ms(2000);
  const Login second = log_in(kAlice, 2);
  pass_ms(2000);
  EXPECT_EQ(check(first.token, 1), Outcome::kAdmitted);  // the most recently used one
  log_in(kAlice, 3);
  EXPECT_EQ(check(first.token, 1), Outcome::kLimit);
  EXPECT_EQ(check(second.token, 2), Outcome::kAdmitted);
}

TEST_F(ShardLoginTest, AnotherUsersTokensDoNotCount) {
  settings_.tokens_per_user = 1;
  const Login alice = log_in(kAlice);
  const Login bob = log_in(kBob);
  EXPECT_EQ(check(alice.token), Outcome::kAdmitted);
  EXPECT_EQ(check(bob.token), Outcome::kAdmitted);
}

TEST_F(ShardLoginTest, GivenALimitTheOldTokenAdmitsUntilTheNewOneIsDurable) {
  settings_.tokens_per_user = 1;
  const Login old = log_in(kAlice, 1);
  store_.holds = true;
  const auto login = start_login(kAlice, 2);
  EXPECT_EQ(check(old.token, 1), Outcome::kAdmitted);
  answer(store_);
  EXPECT_EQ(check(old.token, 1), Outcome::kLimit);
  EXPECT_EQ(check(login->value()->token, 2), Outcome::kAdmitted);
}

TEST_F(ShardLoginTest, GivenALimitARefusedLoginEndsNothing) {
  settings_.tokens_per_user = 1;
  const Login old = log_in(kAlice, 1);
  store_.refuse();
  EXPECT_FALSE(start_login(kAlice, 2)->value());
  EXPECT_EQ(check(old.token, 1), Outcome::kAdmitted);
  EXPECT_EQ(store_.rows.at(1).death, store::Death::kNone);
}

TEST_F(ShardLoginTest, GivenALimitLoginsAtTheSameTimeStayWithinIt) {
  settings_.tokens_per_user = 2;
  store_.holds = true;
  std::vector<Ended<Result<Login>>> logins;
  for (std::uint32_t from = 1; from <= 6; ++from) logins.push_back(start_login(kAlice, from));
  while (store_.is_asked()) answer(store_);
  std::size_t admitted = 0;
  for (std::uint32_t from = 1; from <= 6; ++from) {
    const Outcome outcome = check(logins[from - 1]->value()->token, from);
    EXPECT_TRUE(outcome == Outcome::kAdmitted || outcome == Outcome::kLimit);
    admitted += outcome == Outcome::kAdmitted ? 1 : 0;
  }
  EXPECT_EQ(admitted, 2U);
}

TEST_F(ShardLoginTest, ATokenThatTimedOutUnnoticedCostsNoLivingOneItsPlace) {
  settings_.tokens_per_user = 2;
  const Login used = log_in(kAlice, 1);
  const Login idle = log_in(kAlice, 2);
  clock_.advance_ms(kTimeoutMs);
  EXPECT_EQ(check(used.token, 1), Outcome::kAdmitted);
  clock_.advance_ms(kRefreshStepMs);
  log_in(kAlice, 3);
  EXPECT_EQ(check(used.token, 1), Outcome::kAdmitted);
  EXPECT_EQ(check(idle.token, 2), Outcome::kExpired);
}

TEST_F(ShardLoginTest, PastTheMostTokensALoginIsRefusedAndTheOthersAreLeftAlone) {
  settings_.max_tokens = 3;
  std::vector<Token> tokens;
  for (std::uint32_t from = 1; from <= 3; ++from) tokens.push_back(log_in(kAlice, from).token);
  const auto refused = start_login(kBob);
  EXPECT_EQ(refused->value().error().code, ErrorCode::kOverloaded);
  EXPECT_EQ(log_in(kAlice, 2).token, tokens[1]);
  for (std::uint32_t from = 1; from <= 3; ++from) {
    EXPECT_EQ(check(tokens[from - 1], from), Outcome::kAdmitted);
  }
}

TEST_F(ShardLoginTest, ACommitThatTookLongCountsAsAUse) {
  store_.holds = true;
  const auto login = start_login(kAlice);
  clock_.advance_ms(5000);
  answer(store_);
  EXPECT_EQ(login->value()->expires.ms, clock_.wall().ms + kTimeoutMs);
}

TEST_F(ShardLoginTest, TheSameTokenIsFoundForAUserWithThousands) {
  std::vector<Token> tokens;
  for (std::uint32_t from = 1; from <= 5000; ++from) tokens.push_back(log_in(kAlice, from).token);
  for (std::uint32_t from = 1; from <= 5000; ++from) ASSERT_EQ(log_in(kAlice, from).token, tokens[from - 1]);
  EXPECT_EQ(store_.logins, 5000U);
}

// The key changes between two runs of the process or within one. The user's tokens stay together.
TEST_F(ShardLoginTest, GivenARotatedKeyTheUserHasOneShardOneLimitAndTheSameTokenFromTheSamePlace) {
  settings_.tokens_per_user = 2;
  const Login old = log_in(kAlice, 1);
  const Keyring rotated(test_key_file(2));
  shard().use_keyring(rotated);
  EXPECT_EQ(log_in(kAlice, 1).token, old.token);
  const Login fresh = log_in(kAlice, 2);
  EXPECT_EQ(store_.rows.at(2).key_number, 2);
  EXPECT_EQ(fresh.token.tag(), old.token.tag());
  EXPECT_EQ(shard_of(fresh.token.tag(), 64), shard_of(old.token.tag(), 64));
  EXPECT_EQ(check(old.token, 1), Outcome::kAdmitted);
  EXPECT_EQ(check(fresh.token, 2), Outcome::kAdmitted);
  log_in(kAlice, 3);
  EXPECT_EQ(check(old.token, 1), Outcome::kLimit);
  EXPECT_EQ(check(fresh.token, 2), Outcome::kAdmitted);
  shard().use_keyring(*keyring_);
}

TEST_F(ShardLoginTest, GivenARotatedKeyAndARestartTheSameHolds) {
  settings_.tokens_per_user = 2;
  const Login old = log_in(kAlice, 1);
  keyring_.emplace(test_key_file(2));
  restart(true);
  EXPECT_EQ(check(old.token, 1), Outcome::kAdmitted);
  EXPECT_EQ(log_in(kAlice, 1).token, old.token);
  const Login fresh = log_in(kAlice, 2);
  keyring_.emplace(test_key_file(3));
  restart(true);
  EXPECT_EQ(log_in(kAlice, 1).token, old.token);
  EXPECT_EQ(log_in(kAlice, 2).token, fresh.token);
  log_in(kAlice, 3);
  EXPECT_EQ(check(old.token, 1), Outcome::kLimit);
  EXPECT_EQ(check(fresh.token, 2), Outcome::kAdmitted);
}

}  // namespace
}  // namespace latchkey::token
