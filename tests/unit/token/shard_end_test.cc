#include <gtest/gtest.h>

#include "shard_fixture.h"

namespace latchkey::token {
namespace {

class ShardEndTest : public ShardTest {
 protected:
  Ended<Result<bool>> start_end(const Token& token, std::uint32_t from = 1) {
    return start(shard().end(token, binding(from)));
  }
  Result<bool> end(const Token& token, std::uint32_t from = 1) { return start_end(token, from)->value(); }
  Ended<Result<std::size_t>> start_end_all(std::int64_t user_id, store::Death reason,
                                           std::optional<Token> keep = std::nullopt) {
    return start(shard().end_all(user_id, reason, keep));
  }
};

TEST_F(ShardEndTest, AnEndedTokenIsExpiredForEveryoneAndOnDisk) {
  const Login login = log_in(kAlice);
  EXPECT_TRUE(end(login.token).value());
  EXPECT_EQ(check(login.token), Outcome::kExpired);
  EXPECT_EQ(store_.rows.at(1).death, store::Death::kDeleted);
  EXPECT_EQ(store_.rows.at(1).died, clock_.wall());
  EXPECT_EQ(shard().counts().users, 0U);
}

TEST_F(ShardEndTest, ItIsDeadInMemoryBeforeItIsOnDiskAndAnsweredAfter) {
  const Login login = log_in(kAlice);
  store_.holds = true;
  const auto ended = start_end(login.token);
  EXPECT_EQ(check(login.token), Outcome::kExpired);
  EXPECT_FALSE(ended->has_value());
  answer(store_);
  EXPECT_TRUE(ended->value().value());
}

TEST_F(ShardEndTest, OnlyItsOwnHolderCanEndIt) {
  const Login login = log_in(kAlice, 1);
  EXPECT_FALSE(end(login.token, 2).value());
  EXPECT_EQ(check(login.token, 1), Outcome::kAdmitted);
  EXPECT_EQ(store_.death_writes, 0U);
}

TEST_F(ShardEndTest, AnUnknownOrDeadOrLongTimedOutTokenIsNoErrorAndNoWrite) {
  const Login login = log_in(kAlice);
  const Login idle = log_in(kBob);
  EXPECT_FALSE(end(Token()).value());
  EXPECT_TRUE(end(login.token).value());
  EXPECT_FALSE(end(login.token).value());
  pass_ms(kTimeoutMs + kTimeoutMs / 2);
  EXPECT_EQ(check(idle.token), Outcome::kExpired);
  EXPECT_FALSE(end(idle.token).value());
  EXPECT_EQ(store_.death_writes, 1U);
}

TEST_F(ShardEndTest, OneThatTimedOutDoesNotComeBackByACrashOnceItsEndIsAnswered) {
  const Login unnoticed = log_in(kAlice);
  clock_.advance_ms(kTimeoutMs + 1000);
  EXPECT_FALSE(end(unnoticed.token).value());
  const Login noticed = log_in(kBob);
  pass_ms(kTimeoutMs + 2000);
  EXPECT_EQ(shard().counts().users, 0U);
  EXPECT_FALSE(end(noticed.token).value());
  EXPECT_EQ(store_.rows.at(2).death, store::Death::kExpired);
  restart(false);
  EXPECT_NE(check(unnoticed.token), Outcome::kAdmitted);
  EXPECT_EQ(check(noticed.token), Outcome::kExpired);
}

TEST_F(ShardEndTest, EndingAllEndsThoseOnDiskTooThatTimedOutInMemoryAlone) {
  const Login noticed = log_in(kAlice, 1);
  const Login bob = log_in(kBob, 1);
  pass_ms(kTimeoutMs + 2000);
  const Login kept = log_in(kAlice, 2);
  store_.holds = true;
  const auto ended = start_end_all(kAlice, store::Death::kDeleted, kept.token);
  const auto later = start_login(kAlice, 3);
  while (store_.is_asked()) answer(store_);
  store_.holds = false;
  EXPECT_EQ(ended->value().value(), 0U);
  EXPECT_EQ(store_.rows.at(1).death, store::Death::kExpired);
  EXPECT_EQ(store_.rows.at(2).death, store::Death::kNone);
  restart(false);
  EXPECT_EQ(check(noticed.token, 1), Outcome::kExpired);
  EXPECT_EQ(check(bob.token, 1), Outcome::kAdmitted);
  EXPECT_EQ(check(kept.token, 2), Outcome::kAdmitted);
  EXPECT_EQ(check(later->value()->token, 3), Outcome::kAdmitted);
}

TEST_F(ShardEndTest, AfterAStartEndingAllEndsThoseThatTimedOutAfterIt) {
  const Login login = log_in(kAlice);
  restart(false);
  pass_ms(2 * kTimeoutMs);
  EXPECT_EQ(start_end_all(kAlice, store::Death::kDeleted)->value().value(), 0U);
  EXPECT_EQ(store_.rows.at(1).death, store::Death::kExpired);
  EXPECT_NE(check(login.token), Outcome::kAdmitted);
}

TEST_F(ShardEndTest, OneThatTimedOutIsNotAnsweredWhileTheStoreRefuses) {
  const Login login = log_in(kAlice);
  clock_.advance_ms(kTimeoutMs + 1000);
  store_.refuse();
  EXPECT_FALSE(end(login.token));
  store_.accept();
  pass_ms(300);
  EXPECT_EQ(store_.rows.at(1).death, store::Death::kExpired);
}

TEST_F(ShardEndTest, AfterItTheSameUserGetsANewToken) {
  const Login login = log_in(kAlice);
  EXPECT_TRUE(end(login.token).value());
  EXPECT_NE(log_in(kAlice).token, login.token);
  EXPECT_EQ(check(login.token), Outcome::kExpired);
}

TEST_F(ShardEndTest, IfTheStoreRefusesItIsDeadAllTheSameAndTheWriteIsTriedUntilItLands) {
  const Login login = log_in(kAlice);
  store_.refuse();
  EXPECT_EQ(end(login.token).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(check(login.token), Outcome::kExpired);
  EXPECT_EQ(shard().counts().deaths_waiting, 1U);
  pass_ms(2000);
  EXPECT_EQ(store_.rows.at(1).death, store::Death::kNone);
  EXPECT_GT(store_.death_writes, 3U);
  EXPECT_LT(store_.death_writes, 12U);  // after each refusal there is a pause
  store_.accept();
  pass_ms(WriteBehind::kRetryPause.count() + 50);
  EXPECT_EQ(store_.rows.at(1).death, store::Death::kDeleted);
  EXPECT_EQ(shard().counts().deaths_waiting, 0U);
}

TEST_F(ShardEndTest, AskedAgainBeforeTheWriteLandedItPromisesNothing) {
  const Login login = log_in(kAlice);
  store_.refuse();
  EXPECT_FALSE(end(login.token));
  EXPECT_EQ(end(login.token).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(shard().counts().deaths_waiting, 1U);
  store_.accept();
  EXPECT_FALSE(end(login.token).value());
  EXPECT_EQ(store_.rows.at(1).death, store::Death::kDeleted);
}

TEST_F(ShardEndTest, AskedAgainWhileTheFirstIsOnItsWayItWaitsForTheDisk) {
  const Login login = log_in(kAlice);
  store_.holds = true;
  const auto first = start_end(login.token);
  const auto second = start_end(login.token);
  EXPECT_FALSE(second->has_value());
  answer(store_);
  EXPECT_TRUE(first->value().value());
  EXPECT_FALSE(second->value().value());
}

TEST_F(ShardEndTest, AStopWritesTheDeathsThatWait) {
  const Login login = log_in(kAlice);
  store_.refuse();
  EXPECT_FALSE(end(login.token));
  store_.accept();
  EXPECT_TRUE(start(shard().stop())->value());
  EXPECT_EQ(store_.rows.at(1).death, store::Death::kDeleted);
}

TEST_F(ShardEndTest, AStopThatTheStoreRefusesSaysSo) {
  const Login login = log_in(kAlice);
  store_.refuse();
  EXPECT_FALSE(end(login.token));
  EXPECT_FALSE(start(shard().stop())->value());
}

TEST_F(ShardEndTest, EndingAllEndsEachOfTheUsersTokensAndNobodyElses) {
  std::vector<Token> tokens;
  for (std::uint32_t from = 1; from <= 3000; ++from) tokens.push_back(log_in(kAlice, from).token);
  const Login bob = log_in(kBob);
  EXPECT_EQ(start_end_all(kAlice, store::Death::kInactive)->value().value(), 3000U);
  EXPECT_EQ(check(tokens[0], 1), Outcome::kUnknown);  // forgotten by the bound of tombstones
  EXPECT_EQ(check(tokens[2999], 3000), Outcome::kInactive);
  EXPECT_EQ(check(bob.token), Outcome::kAdmitted);
  EXPECT_EQ(store_.death_writes, 3U);
  EXPECT_EQ(start_end_all(kAlice, store::Death::kInactive)->value().value(), 0U);
}

TEST_F(ShardEndTest, EndingAllKeepsTheOneThatIsToBeKept) {
  const Login first = log_in(kAlice, 1);
  const Login kept = log_in(kAlice, 2);
  const Login third = log_in(kAlice, 3);
  EXPECT_EQ(start_end_all(kAlice, store::Death::kDeleted, kept.token)->value().value(), 2U);
  EXPECT_EQ(check(first.token, 1), Outcome::kExpired);
  EXPECT_EQ(check(kept.token, 2), Outcome::kAdmitted);
  EXPECT_EQ(check(third.token, 3), Outcome::kExpired);
}

TEST_F(ShardEndTest, EndingAllLeavesTokensThatAreMadeMeanwhileAlone) {
  for (std::uint32_t from = 1; from <= 1500; ++from) log_in(kAlice, from);
  store_.holds = true;
  const auto ended = start_end_all(kAlice, store::Death::kDeleted);
  const auto login = start_login(kAlice, 9999);
  while (store_.is_asked()) answer(store_);
  EXPECT_EQ(ended->value().value(), 1500U);
  EXPECT_EQ(check(login->value()->token, 9999), Outcome::kAdmitted);
}

TEST_F(ShardEndTest, ALoginThatIsUnderWayWhenAllAreEndedNeverLives) {
  store_.holds = true;
  const auto login = start_login(kAlice);
  const auto second = start_login(kAlice);
  const auto ended = start_end_all(kAlice, store::Death::kInactive);
  while (store_.is_asked()) answer(store_);
  EXPECT_TRUE(ended->value());
  EXPECT_EQ(login->value().error().code, ErrorCode::kCancelled);
  EXPECT_EQ(second->value().error().code, ErrorCode::kCancelled);
  EXPECT_EQ(store_.rows.at(1).death, store::Death::kInactive);
  EXPECT_EQ(shard().counts().live, 0U);
  store_.holds = false;
  EXPECT_TRUE(log_in(kAlice).is_new);
}

TEST_F(ShardEndTest, ALoginAfterTheEndOfAllIsNotEndedWithTheOneThatItWaitsFor) {
  store_.holds = true;
  const auto before = start_login(kAlice);
  const auto ended = start_end_all(kAlice, store::Death::kInactive);
  const auto after = start_login(kAlice);
  while (store_.is_asked()) answer(store_);
  EXPECT_TRUE(ended->value());
  EXPECT_EQ(before->value().error().code, ErrorCode::kCancelled);
  EXPECT_EQ(check(after->value().value().token), Outcome::kAdmitted);
  EXPECT_EQ(store_.rows.at(1).death, store::Death::kInactive);
}

TEST_F(ShardEndTest, IfTheStoreRefusesToEndAllAskingAgainPromisesTheEarlierDeathsToo) {
  log_in(kAlice, 1);
  log_in(kAlice, 2);
  store_.refuse();
  EXPECT_FALSE(start_end_all(kAlice, store::Death::kInactive)->value());
  EXPECT_FALSE(start_end_all(kAlice, store::Death::kInactive)->value());
  store_.accept();
  EXPECT_EQ(start_end_all(kAlice, store::Death::kInactive)->value().value(), 0U);
  EXPECT_EQ(store_.rows.at(1).death, store::Death::kInactive);
  EXPECT_EQ(store_.rows.at(2).death, store::Death::kInactive);
}

TEST_F(ShardEndTest, ASessionOfTheStoreEndsAlone) {
  const Login kept = log_in(kAlice, 1);
  const Login ended = log_in(kAlice, 2);
  const store::Session session = store_.rows.at(2);
  EXPECT_TRUE(start(shard().end_session(session))->value().value());
  EXPECT_EQ(check(ended.token, 2), Outcome::kExpired);
  EXPECT_EQ(check(kept.token, 1), Outcome::kAdmitted);
  EXPECT_EQ(store_.rows.at(2).death, store::Death::kDeleted);
  EXPECT_FALSE(start(shard().end_session(session))->value().value());
}

TEST_F(ShardEndTest, WithTooManyDeathsWaitingNothingMoreDies) {
  settings_.max_tokens = 40'000;
  settings_.max_tombstones = 40'000;
  for (std::uint32_t from = 1; from <= 20'000; ++from) {
    log_in(kAlice, from);
    if (from % 1000 == 0) turn();
  }
  store_.refuse();
  for (int i = 0; i < 30; ++i) EXPECT_FALSE(start_end_all(kAlice, store::Death::kDeleted)->value());
  const std::size_t dead = shard().counts().tombstones;
  EXPECT_LE(dead, WriteBehind::kMaxDeaths);
  EXPECT_EQ(shard().counts().deaths_waiting, dead);
  const auto refused = start_end_all(kAlice, store::Death::kDeleted);
  EXPECT_EQ(refused->value().error().code, ErrorCode::kOverloaded);
  store_.accept();
  pass_ms(5000);
  EXPECT_EQ(start_end_all(kAlice, store::Death::kDeleted)->value().value(), 20'000U - dead);
}

}  // namespace
}  // namespace latchkey::token
