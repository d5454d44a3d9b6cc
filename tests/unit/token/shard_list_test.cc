#include <gtest/gtest.h>

#include "shard_fixture.h"

namespace latchkey::token {
namespace {

constexpr store::RowId kFromTheNewest = store::kMaxRowId + 1;

class ShardListTest : public ShardTest {
 protected:
  std::vector<store::RowId> rows(const LiveTokens& list) {
    std::vector<store::RowId> rows;
    for (const LiveToken& token : list.tokens) rows.push_back(token.row);
    return rows;
  }
  using Rows = std::vector<store::RowId>;
};

TEST_F(ShardListTest, ListsTheUsersTokensNewestFirstAndMarksTheCurrentOne) {
  log_in(kAlice, 1);
  log_in(kBob, 1);
  const Login current = log_in(kAlice, 2);
  const LiveTokens list = shard().live_tokens(kAlice, kFromTheNewest, 10, current.token);
  EXPECT_EQ(rows(list), (Rows{3, 1}));
  EXPECT_EQ(list.count, 2U);
  EXPECT_FALSE(list.has_more);
  EXPECT_TRUE(list.tokens[0].is_current);
  EXPECT_FALSE(list.tokens[1].is_current);
  EXPECT_EQ(list.tokens[0].expires, current.expires);
}

TEST_F(ShardListTest, GivesAPageAtATime) {
  for (std::uint32_t from = 1; from <= 5; ++from) log_in(kAlice, from);
  const LiveTokens first = shard().live_tokens(kAlice, kFromTheNewest, 2, {});
  EXPECT_EQ(rows(first), (Rows{5, 4}));
  EXPECT_TRUE(first.has_more);
  EXPECT_EQ(first.count, 5U);
  const LiveTokens last = shard().live_tokens(kAlice, 3, 2, {});
  EXPECT_EQ(rows(last), (Rows{2, 1}));
  EXPECT_FALSE(last.has_more);
  EXPECT_EQ(last.count, 5U);
  EXPECT_TRUE(shard().live_tokens(kAlice, 1, 2, {}).tokens.empty());
}

TEST_F(ShardListTest, ShowsTheTimeOfLastUseFromMemory) {
  const Login login = log_in(kAlice);
  pass_ms(2'000);
  ASSERT_EQ(check(login.token), Outcome::kAdmitted);
  const LiveTokens list = shard().live_tokens(kAlice, kFromTheNewest, 10, {});
  EXPECT_EQ(list.tokens.at(0).last_used, clock_.wall());
  EXPECT_EQ(list.tokens.at(0).expires.ms, clock_.wall().ms + kTimeoutMs);
}

TEST_F(ShardListTest, LeavesOutWhatIsDeadOrTimedOutOrNotDurableYet) {
  const Login ended = log_in(kAlice, 1);
  ASSERT_TRUE(start(shard().end(ended.token, binding(1)))->value().value());
  log_in(kAlice, 2);
  clock_.advance_ms(kTimeoutMs + kRefreshStepMs);
  EXPECT_EQ(shard().live_tokens(kAlice, kFromTheNewest, 10, {}).count, 0U);
  log_in(kAlice, 3);
  store_.holds = true;
  const auto pending = start_login(kAlice, 4);
  const LiveTokens list = shard().live_tokens(kAlice, kFromTheNewest, 10, {});
  EXPECT_EQ(rows(list), (Rows{3}));
  EXPECT_EQ(list.count, 1U);
  store_.answer();
}

TEST_F(ShardListTest, AUserWithoutTokensHasNone) {
  const LiveTokens list = shard().live_tokens(kBob, kFromTheNewest, 10, {});
  EXPECT_TRUE(list.tokens.empty());
  EXPECT_EQ(list.count, 0U);
}

}  // namespace
}  // namespace latchkey::token
