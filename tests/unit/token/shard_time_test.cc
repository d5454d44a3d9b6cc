#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "shard_fixture.h"

namespace latchkey::token {
namespace {

class ShardTimeTest : public ShardTest {
 protected:
  static constexpr std::int64_t kPeriodMs = kTimeoutMs / 10;
  static constexpr std::int64_t kAgeMs =
      kTimeoutMs + kRefreshStepMs - 1;  // the last moment of a token left alone
};

TEST_F(ShardTimeTest, ATokenThatIsUsedLivesOnAndOneLeftAloneDies) {
  const Login used = log_in(kAlice);
  const Login idle = log_in(kBob);
  for (int i = 0; i < 6; ++i) {
    pass_ms(kTimeoutMs / 2);
    EXPECT_EQ(check(used.token), Outcome::kAdmitted) << i;
  }
  EXPECT_EQ(check(idle.token), Outcome::kUnknown);  // dead for more than a timeout
  EXPECT_EQ(shard().counts().users, 1U);
}

TEST_F(ShardTimeTest, AfterAQuietNightTheFirstUseIsWrittenAsSoonAsAnyOther) {
  shard();
  turn();
  clock_.advance_ms(43'200'000);
  const Login login = log_in(kAlice);
  pass_ms(kPeriodMs);
  EXPECT_EQ(check(login.token), Outcome::kAdmitted);
  pass_ms(kPeriodMs);
  EXPECT_EQ(store_.refreshes.size(), 1U);
}

TEST_F(ShardTimeTest, TwoSecondsOfTimeoutWorkAsWell) {
  settings_.timeout = std::chrono::milliseconds(2000);
  const Login used = log_in(kAlice);
  const Login idle_for_two = log_in(kBob, 1);
  const Login idle_for_three = log_in(kBob, 2);
  for (int second = 1; second <= 20; ++second) {
    pass_ms(1000);
    ASSERT_EQ(check(used.token), Outcome::kAdmitted) << second;
    if (second == 2) {
      EXPECT_EQ(check(idle_for_two.token, 1), Outcome::kAdmitted);
    } else if (second == 3) {
      EXPECT_EQ(check(idle_for_three.token, 2), Outcome::kExpired);
    }
  }
}

TEST_F(ShardTimeTest, TheWheelNoticesWhatTimedOutAndFreesItsUser) {
  log_in(kAlice);
  pass_ms(kAgeMs);
  EXPECT_EQ(shard().counts().users, 1U);
  pass_ms(500);
  EXPECT_EQ(shard().counts().users, 0U);
  EXPECT_EQ(shard().counts().live, 0U);
  EXPECT_EQ(shard().counts().tombstones, 1U);
}

TEST_F(ShardTimeTest, AReasonIsKeptForOneTimeoutAndThenTheRowGoes) {
  const Login login = log_in(kAlice);
  pass_ms(kAgeMs + 500);
  EXPECT_EQ(check(login.token), Outcome::kExpired);
  pass_ms(kTimeoutMs - kRefreshStepMs - 600);  // it died when its timeout had passed
  EXPECT_EQ(check(login.token), Outcome::kExpired);
  EXPECT_EQ(store_.rows.size(), 1U);
  pass_ms(1000);
  EXPECT_EQ(check(login.token), Outcome::kUnknown);
  EXPECT_TRUE(store_.rows.empty());
  EXPECT_EQ(shard().counts().tombstones, 0U);
}

TEST_F(ShardTimeTest, PastTheirBoundTheOldestReasonsAreForgotten) {
  settings_.max_tombstones = 10;
  std::vector<Token> tokens;
  for (std::uint32_t from = 1; from <= 25; ++from) tokens.push_back(log_in(kAlice, from).token);
  for (std::uint32_t from = 1; from <= 25; ++from) {
    EXPECT_TRUE(start(shard().end(tokens[from - 1], binding(from)))->value().value());
  }
  EXPECT_EQ(shard().counts().tombstones, 10U);
  EXPECT_EQ(shard().counts().tombstones_cut, 15U);
  EXPECT_EQ(shard().counts().live, 0U);
  for (std::uint32_t from = 1; from <= 25; ++from) {
    EXPECT_EQ(check(tokens[from - 1], from), from <= 15 ? Outcome::kUnknown : Outcome::kExpired) << from;
  }
  pass_ms(100);
  EXPECT_EQ(store_.rows.size(), 10U);
}

TEST_F(ShardTimeTest, AUseIsWrittenOnceInAPeriodHoweverOftenItIsUsed) {
  const Login login = log_in(kAlice);
  for (std::int64_t passed = 0; passed < kTimeoutMs; passed += 500) {
    pass_ms(500);
    EXPECT_EQ(check(login.token), Outcome::kAdmitted);
  }
  EXPECT_GE(store_.refreshes.size(), 8U);
  EXPECT_LE(store_.refreshes.size(), 11U);
  const std::int64_t behind_ms = clock_.wall().ms - store_.rows.at(1).last_used.ms;
  EXPECT_LE(behind_ms, kPeriodMs + 2 * kRefreshStepMs);
}

TEST_F(ShardTimeTest, WhatIsRecordedIsNeverATenthOfTheTimeoutBehindTheLastUse) {
  std::mt19937 random(11);
  for (std::uint32_t from = 1; from <= 20; ++from) {
    const Login login = log_in(kAlice, from);
    const store::RowId row = store_.rows.rbegin()->first;
    WallTime used = clock_.wall();
    for (int use = 0; use < 40; ++use) {
      // Rarely, all the time, and long afterwards.
      const std::int64_t longest_ms = use % 3 == 0 ? kTimeoutMs : 2 * kPeriodMs / (1 + use % 5);
      const auto gap_ms = std::uniform_int_distribution<std::int64_t>(0, longest_ms)(random);
      for (std::int64_t passed = 0; passed < gap_ms; passed += 500) {
        pass_ms(500);
        ASSERT_LE(used.ms - store_.rows.at(row).last_used.ms, kPeriodMs);
      }
      ASSERT_EQ(check(login.token, from), Outcome::kAdmitted);
      used = clock_.wall();
      pass_ms(600);  // as long as a write may take
      // A use within a second of the last one moves nothing.
      ASSERT_LE(used.ms - store_.rows.at(row).last_used.ms, kPeriodMs);
    }
  }
}

TEST_F(ShardTimeTest, AUseAfterALongPauseIsWrittenAtOnceThoughItsTokenIsLookedAtMuchLater) {
  const Login login = log_in(kAlice);
  pass_ms(kTimeoutMs / 2);
  EXPECT_EQ(check(login.token), Outcome::kAdmitted);
  const WallTime used = clock_.wall();
  pass_ms(600);
  EXPECT_EQ(store_.rows.at(1).last_used, used);
}

TEST_F(ShardTimeTest, ATokenThatNobodyUsesIsNeverWrittenAgain) {
  log_in(kAlice);
  pass_ms(kTimeoutMs);
  EXPECT_TRUE(store_.refreshes.empty());
}

TEST_F(ShardTimeTest, IfTheStoreRefusesTheTimeIsWrittenLater) {
  const Login login = log_in(kAlice);
  pass_ms(kPeriodMs);
  EXPECT_EQ(check(login.token), Outcome::kAdmitted);
  const WallTime used = clock_.wall();
  store_.refuse();
  pass_ms(2 * kPeriodMs);
  EXPECT_TRUE(store_.refreshes.empty());
  store_.accept();
  pass_ms(kPeriodMs + 500);
  EXPECT_EQ(store_.rows.at(1).last_used, used);
}

TEST_F(ShardTimeTest, AUseWhileItsTimeIsBeingWrittenIsWrittenNext) {
  const Login login = log_in(kAlice);
  pass_ms(kPeriodMs);
  EXPECT_EQ(check(login.token), Outcome::kAdmitted);
  store_.holds = true;
  while (!store_.is_asked()) pass_ms(50);
  pass_ms(kPeriodMs);
  EXPECT_EQ(check(login.token), Outcome::kAdmitted);
  const WallTime used = clock_.wall();
  store_.holds = false;
  store_.answer();
  pass_ms(kPeriodMs + 500);
  EXPECT_EQ(store_.rows.at(1).last_used, used);
}

TEST_F(ShardTimeTest, RefreshesKeepToTheirRateAndNoneIsLost) {
  settings_.refresh_rows_per_second = 100;
  std::vector<Token> tokens;
  for (std::uint32_t from = 1; from <= 1000; ++from) tokens.push_back(log_in(kAlice, from).token);
  pass_ms(kPeriodMs);
  for (std::uint32_t from = 1; from <= 1000; ++from) {
    ASSERT_EQ(check(tokens[from - 1], from), Outcome::kAdmitted);
  }
  const WallTime used = clock_.wall();
  std::size_t seen = 0;
  for (int second = 0; second < 20; ++second) {
    pass_ms(1000);
    std::size_t rows = 0;
    for (const auto& batch : store_.refreshes) rows += batch.size();
    EXPECT_LE(rows - seen, second == 0 ? 200U : 202U);
    seen = rows;
  }
  EXPECT_EQ(seen, 1000U);
  for (const auto& [row, session] : store_.rows) EXPECT_EQ(session.last_used, used) << row;
}

TEST_F(ShardTimeTest, ABatchOfRefreshesIsInRowOrder) {
  std::vector<Token> tokens;
  for (std::uint32_t from = 1; from <= 50; ++from) tokens.push_back(log_in(kAlice, from).token);
  pass_ms(kPeriodMs);
  for (std::uint32_t from = 50; from >= 1; --from) {
    ASSERT_EQ(check(tokens[from - 1], from), Outcome::kAdmitted);
  }
  pass_ms(kPeriodMs);
  ASSERT_FALSE(store_.refreshes.empty());
  for (const auto& batch : store_.refreshes) {
    EXPECT_TRUE(std::is_sorted(batch.begin(), batch.end(),
                               [](const auto& a, const auto& b) { return a.row < b.row; }));
  }
}

TEST_F(ShardTimeTest, NoCallLooksAtMoreThanItsBudgetAndTheNextOnesGoOn) {
  for (std::uint32_t from = 1; from <= 2000; ++from) log_in(kAlice, from);
  clock_.advance_ms(kAgeMs + 5000);
  quiescence_.activate(0);
  std::size_t calls = 0;
  do {
    EXPECT_LE(shard().advance(now(), 100), 100U);
    ++calls;
  } while (shard().behind());
  EXPECT_GE(calls, 20U);
  EXPECT_EQ(shard().counts().live, 0U);
}

TEST_F(ShardTimeTest, ItSaysWhenItHasSomethingToDoAndIsNeverLate) {
  EXPECT_EQ(shard().next_advance(), WriteBehind::kNoTime);
  log_in(kAlice);
  int wakes = 0;
  while (shard().next_advance() != WriteBehind::kNoTime) {
    const TableTime next = shard().next_advance();
    ASSERT_GT(next, now());
    clock_.advance_ms(next.ms - now().ms);
    turn();
    ASSERT_LT(++wakes, 30);
  }
  EXPECT_TRUE(store_.rows.empty());
  EXPECT_EQ(shard().counts().tombstones, 0U);
}

TEST_F(ShardTimeTest, ThousandsOfUsersDieAtOnceAndAllMemoryComesBack) {
  settings_.max_tokens = 20'000;
  settings_.max_tombstones = 20'000;
  shard();
  const std::size_t empty = shard().counts().memory_bytes;
  for (std::int64_t user = 1; user <= 15'000; ++user) {
    log_in(user);
    if (user % 1000 == 0) turn();
  }
  EXPECT_GT(shard().counts().memory_bytes, empty);
  pass_ms(kAgeMs + 3000);
  EXPECT_EQ(shard().counts().users, 0U);
  EXPECT_EQ(shard().counts().tombstones, 15'000U);
  pass_ms(kTimeoutMs);
  EXPECT_EQ(shard().counts().tombstones, 0U);
  turn();
  EXPECT_LE(shard().counts().memory_bytes,
            empty + 2 * Table::Entries::kChunkBytes + 2 * Slab<UserRecord>::kChunkBytes);
  EXPECT_EQ(quiescence_.retired(0), 0U);
}

// --- Restarts.

TEST_F(ShardTimeTest, AfterACleanStopEveryTokenHasTheTimeThatItHad) {
  const Login login = log_in(kAlice);
  pass_ms(1500);
  EXPECT_EQ(check(login.token), Outcome::kAdmitted);
  const WallTime used = clock_.wall();
  EXPECT_TRUE(start(shard().stop())->value());
  EXPECT_EQ(store_.rows.at(1).last_used, used);
  restart(true);
  clock_.advance_ms(kAgeMs);
  EXPECT_EQ(check(login.token), Outcome::kAdmitted);
  restart(true);
  clock_.advance_ms(1);
  EXPECT_EQ(check(login.token), Outcome::kExpired);
}

TEST_F(ShardTimeTest, AfterAnUncleanStopATokenLivesATenthOfTheTimeoutLonger) {
  const Login login = log_in(kAlice);
  clock_.advance_ms(kPeriodMs + kRefreshStepMs);
  restart(false);
  clock_.advance_ms(kAgeMs - kRefreshStepMs);
  EXPECT_EQ(check(login.token), Outcome::kAdmitted);
  clock_.advance_ms(kAgeMs + 1);
  EXPECT_EQ(check(login.token), Outcome::kExpired);
}

TEST_F(ShardTimeTest, UncleanStopsDoNotAddUp) {
  const Login alice = log_in(kAlice, 1);
  const Login bob = log_in(kBob, 2);
  clock_.advance_ms(kPeriodMs);
  for (int stop = 0; stop < 5; ++stop) {
    restart(false);
    pass_ms(2000);
  }
  clock_.advance_ms(kAgeMs - 5 * 2000);
  EXPECT_EQ(check(alice.token, 1), Outcome::kAdmitted);
  clock_.advance_ms(1);
  EXPECT_EQ(check(bob.token, 2), Outcome::kExpired);
}

TEST_F(ShardTimeTest, WhatTimedOutAfterAnUncleanStopDoesNotComeBackByACleanOne) {
  const Login login = log_in(kAlice);
  clock_.advance_ms(kRefreshStepMs / 2);
  restart(false);
  pass_ms(kAgeMs);
  EXPECT_EQ(check(login.token), Outcome::kExpired);
  EXPECT_TRUE(start(shard().stop())->value());
  restart(true);
  EXPECT_EQ(check(login.token), Outcome::kExpired);
}

TEST_F(ShardTimeTest, WhatAnUncleanStopGaveIsLeftByACleanOne) {
  const Login alice = log_in(kAlice, 1);
  const Login bob = log_in(kBob, 2);
  clock_.advance_ms(kPeriodMs + kRefreshStepMs);
  restart(false);
  pass_ms(kPeriodMs);
  EXPECT_TRUE(start(shard().stop())->value());
  restart(true);
  clock_.advance_ms(kAgeMs - kPeriodMs - kRefreshStepMs);
  EXPECT_EQ(check(alice.token, 1), Outcome::kAdmitted);
  clock_.advance_ms(1);
  EXPECT_EQ(check(bob.token, 2), Outcome::kExpired);
}

// Dead tokens do not count against the bound, and those that only memory knew to be dead come back.
TEST_F(ShardTimeTest, WhatAnUncleanStopRevivesDoesNotCountAgainstTheBoundOfAStart) {
  settings_.max_tokens = 2;
  const Login first = log_in(kAlice, 1);
  log_in(kAlice, 2);
  pass_ms(kAgeMs + kRefreshStepMs);
  ASSERT_EQ(shard().counts().live, 0U);
  const Login third = log_in(kBob, 3);
  const Login fourth = log_in(kBob, 4);
  restart(false);
  EXPECT_EQ(shard().counts().live, 4U);
  EXPECT_EQ(check(first.token, 1), Outcome::kAdmitted);
  EXPECT_EQ(check(third.token, 3), Outcome::kAdmitted);
  EXPECT_EQ(check(fourth.token, 4), Outcome::kAdmitted);
  EXPECT_FALSE((*start_login(kAlice, 5))->has_value()) << "the bound holds for logins";
}

TEST_F(ShardTimeTest, WhatLivesByItsRecordCountsAgainstTheBoundOfAStart) {
  for (std::uint32_t from = 1; from <= 3; ++from) log_in(kAlice, from);
  settings_.max_tokens = 2;
  make_shard();
  EXPECT_TRUE(shard().load(store_.rows.at(1), now(), wall_time(now())).has_value());
  EXPECT_TRUE(shard().load(store_.rows.at(2), now(), wall_time(now())).has_value());
  EXPECT_EQ(shard().load(store_.rows.at(3), now(), wall_time(now())).error().code, ErrorCode::kOverloaded);
}

TEST_F(ShardTimeTest, WhatAnUncleanStopLeftUnknownIsWrittenWithTheFirstUse) {
  const Login login = log_in(kAlice);
  clock_.advance_ms(kPeriodMs);
  restart(false);
  pass_ms(1000);
  EXPECT_TRUE(store_.refreshes.empty());
  EXPECT_EQ(check(login.token), Outcome::kAdmitted);
  const WallTime used = clock_.wall();
  pass_ms(600);
  EXPECT_EQ(store_.rows.at(1).last_used, used);
}

TEST_F(ShardTimeTest, AUseRightAfterAnUncleanStopIsWrittenByTheNextCleanOne) {
  const Login login = log_in(kAlice);
  clock_.advance_ms(kPeriodMs / 2);
  restart(false);
  EXPECT_EQ(check(login.token), Outcome::kAdmitted);
  EXPECT_TRUE(start(shard().stop())->value());
  EXPECT_EQ(store_.rows.at(1).last_used, clock_.wall());
}

TEST_F(ShardTimeTest, ACleanStopTakesNothingOfATokensLastSecond) {
  const Login login = log_in(kAlice);
  clock_.advance_ms(kAgeMs);
  restart(true);
  EXPECT_EQ(check(login.token), Outcome::kAdmitted);
}

TEST_F(ShardTimeTest, AfterAnUncleanStopNoTokenWasUsedInTheFuture) {
  const Login login = log_in(kAlice);
  restart(false);
  clock_.advance_ms(kAgeMs + 1);
  EXPECT_EQ(check(login.token), Outcome::kExpired);
}

TEST_F(ShardTimeTest, ReasonsOfDeathAreStillKnownAfterAStart) {
  settings_.tokens_per_user = 2;
  const Login limited = log_in(kAlice, 1);
  const Login ended = log_in(kAlice, 2);
  log_in(kAlice, 3);
  const Login inactive = log_in(kBob, 4);
  EXPECT_TRUE(start(shard().end(ended.token, binding(2)))->value().value());
  EXPECT_TRUE(start(shard().end_all(kBob, store::Death::kInactive))->value());
  restart(false);
  EXPECT_EQ(check(limited.token, 1), Outcome::kLimit);
  EXPECT_EQ(check(ended.token, 2), Outcome::kExpired);
  EXPECT_EQ(check(inactive.token, 4), Outcome::kInactive);
  EXPECT_EQ(shard().counts().tombstones, 3U);
  EXPECT_EQ(shard().counts().users, 1U);
}

TEST_F(ShardTimeTest, AReasonFromAClockThatWasAheadIsForgottenATimeoutAfterTheStart) {
  const Login ended = log_in(kAlice);
  EXPECT_TRUE(start(shard().end(ended.token, binding(1)))->value().value());
  constexpr std::int64_t kAheadMs = 100 * kTimeoutMs;
  store_.rows.begin()->second.died = wall_time({now().ms + kAheadMs});
  restart(true);
  EXPECT_EQ(check(ended.token), Outcome::kExpired);
  pass_ms(kTimeoutMs + 100);
  EXPECT_EQ(check(ended.token), Outcome::kUnknown);
  EXPECT_TRUE(store_.rows.empty());
}

TEST_F(ShardTimeTest, WhatTimedOutWhileTheProcessWasAwayIsExpiredAndForgottenInItsTime) {
  const Login login = log_in(kAlice);
  clock_.advance_ms(kAgeMs + 10);
  restart(true);
  EXPECT_EQ(check(login.token), Outcome::kExpired);
  pass_ms(kTimeoutMs);
  EXPECT_EQ(check(login.token), Outcome::kUnknown);
  EXPECT_TRUE(store_.rows.empty());
}

TEST_F(ShardTimeTest, WhatDiedLongAgoIsForgottenAtTheStart) {
  const Login ended = log_in(kAlice, 1);
  log_in(kBob, 2);
  EXPECT_TRUE(start(shard().end(ended.token, binding(1)))->value().value());
  clock_.advance_ms(2 * kTimeoutMs + 1);
  restart(true);
  EXPECT_TRUE(store_.rows.empty());
  EXPECT_EQ(shard().counts().tombstones, 0U);
}

TEST_F(ShardTimeTest, ALoadedTokenDiesByTheWheelAndIsWrittenLikeAnyOther) {
  const Login login = log_in(kAlice);
  restart(true);
  pass_ms(kPeriodMs);
  EXPECT_EQ(check(login.token), Outcome::kAdmitted);
  pass_ms(kPeriodMs);
  EXPECT_EQ(store_.refreshes.size(), 1U);
  pass_ms(kAgeMs);
  EXPECT_EQ(shard().counts().users, 0U);
}

TEST_F(ShardTimeTest, MoreSessionsThanThereMayBeTokensStopTheStartWithASentence) {
  for (std::uint32_t from = 1; from <= 5; ++from) log_in(kAlice, from);
  settings_.max_tokens = 4;
  make_shard();
  for (store::RowId row = 1; row <= 4; ++row) ASSERT_TRUE(shard().load(store_.rows.at(row), now(), {}));
  const Result<Loaded> fifth = shard().load(store_.rows.at(5), now(), {});
  ASSERT_FALSE(fifth);
  EXPECT_EQ(fifth.error().code, ErrorCode::kOverloaded);
  EXPECT_NE(fifth.error().text.find("the setting `tokens`"), std::string::npos);
}

}  // namespace
}  // namespace latchkey::token
