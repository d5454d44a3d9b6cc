#include <gtest/gtest.h>

#include "shard_fixture.h"

namespace latchkey::token {
namespace {

class ShardListTest : public ShardTest {
 protected:
  using Rows = std::vector<store::RowId>;

  /// Which of the sessions in the store live, newest first.
  LiveTokens list(std::int64_t user_id, const std::optional<Token>& current = {}) {
    const auto sessions = start(store_.newest_sessions_of(user_id, store::kMaxRowId, 100));
    return shard().live_tokens(user_id, sessions->value().value(), current);
  }
  static Rows rows(const LiveTokens& list) {
    Rows rows;
    for (const LiveToken& token : list.tokens) rows.push_back(token.row);
    return rows;
  }
};

TEST_F(ShardListTest, ListsTheUsersTokensAndMarksTheCurrentOne) {
  log_in(kAlice, 1);
  log_in(kBob, 1);
  const Login current = log_in(kAlice, 2);
  const LiveTokens found = list(kAlice, current.token);
  EXPECT_EQ(rows(found), (Rows{3, 1}));
  EXPECT_EQ(found.count, 2U);
  EXPECT_TRUE(found.tokens[0].is_current);
  EXPECT_FALSE(found.tokens[1].is_current);
  EXPECT_EQ(found.tokens[0].expires, current.expires);
}

TEST_F(ShardListTest, CountsThoseTooThatAreNotAskedFor) {
  for (std::uint32_t from = 1; from <= 5; ++from) log_in(kAlice, from);
  const LiveTokens found = shard().live_tokens(kAlice, {store_.rows.at(2)}, {});
  EXPECT_EQ(rows(found), (Rows{2}));
  EXPECT_EQ(found.count, 5U);
}

TEST_F(ShardListTest, ShowsTheTimeOfLastUseFromMemory) {
  const Login login = log_in(kAlice);
  pass_ms(2'000);
  ASSERT_EQ(check(login.token), Outcome::kAdmitted);
  const LiveTokens found = list(kAlice);
  EXPECT_EQ(found.tokens.at(0).last_used, clock_.wall());
  EXPECT_EQ(found.tokens.at(0).expires.ms, clock_.wall().ms + kTimeoutMs);
}

TEST_F(ShardListTest, LeavesOutWhatIsDeadInMemoryOrTimedOut) {
  log_in(kAlice, 1);
  const Login ended = log_in(kAlice, 2);
  const store::Session session = store_.rows.at(2);
  ASSERT_TRUE(start(shard().end(ended.token, binding(2)))->value().value());
  EXPECT_TRUE(shard().live_tokens(kAlice, {session}, {}).tokens.empty()) << "the store was read before";
  EXPECT_EQ(rows(list(kAlice)), (Rows{1}));
  clock_.advance_ms(kTimeoutMs + kRefreshStepMs);
  EXPECT_TRUE(list(kAlice).tokens.empty());
}

TEST_F(ShardListTest, AUserWithoutTokensHasNone) {
  const LiveTokens found = list(kBob);
  EXPECT_TRUE(found.tokens.empty());
  EXPECT_EQ(found.count, 0U);
}

}  // namespace
}  // namespace latchkey::token
