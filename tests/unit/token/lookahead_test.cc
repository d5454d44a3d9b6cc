#include "latchkey/token/lookahead.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "shard_fixture.h"

namespace latchkey::token {
namespace {

class LookaheadTest : public ShardTest {
 protected:
  LookaheadTest() {
    shard();
    first_ = text(log_in(kAlice, 1).token);
    second_ = text(log_in(kBob, 2).token);
    third_ = text(log_in(kBob, 3).token);
  }

  static std::string text(const Token& token) {
    const Token::Digits digits = token.digits();
    return {digits.data(), digits.size()};
  }
  /// For how many tokens in these bytes the memory is requested.
  std::size_t found(std::string_view bytes) {
    Lookahead lookahead(*registry_);
    lookahead.see(bytes);
    return lookahead.fetch();
  }

  std::string first_;
  std::string second_;
  std::string third_;
};

TEST_F(LookaheadTest, FindsTokensWhereverTheyStand) {
  // Together these try every distance of the two from each other and from the places that are looked at.
  for (std::size_t before = 0; before < 2 * kTokenDigits; ++before) {
    for (std::size_t between = 1; between < 2 * kTokenDigits; ++between) {
      const std::string bytes = std::string(before, '.') + first_ + std::string(between, '-') + second_;
      ASSERT_EQ(found(bytes), 2U) << before << " and " << between;
      ASSERT_EQ(found(bytes + "\r\n\r\n"), 2U) << before << " and " << between;
    }
  }
}

TEST_F(LookaheadTest, DigitsNearATokenHideNothing) {
  EXPECT_EQ(found("GET /feed/cafe HTTP/1.1\r\nhost: ab\r\nCookie: a=" + first_ + ";b=" + second_ + ";c"), 2U);
  EXPECT_EQ(found(std::string(41, 'a') + "." + first_ + "." + second_ + "." + std::string(39, '0')), 2U);
}

TEST_F(LookaheadTest, ALongerOrShorterRunIsNoToken) {
  const std::string other = "." + second_ + "." + third_;
  EXPECT_EQ(found(first_ + other), 3U);
  EXPECT_EQ(found("a" + first_ + other), 2U);
  EXPECT_EQ(found(first_ + "0" + other), 2U);
  EXPECT_EQ(found(first_.substr(1) + other), 2U);
  EXPECT_EQ(found(std::string(8192, 'f')), 0U);
}

TEST_F(LookaheadTest, TokensThatNobodyHasAskForNothing) {
  const std::string unknown(kTokenDigits, '0');
  EXPECT_EQ(found(unknown + "." + unknown), 0U);
  EXPECT_EQ(found(unknown + "." + first_), 1U);
}

TEST_F(LookaheadTest, OneTokenAloneIsLeftToItsCheck) {
  EXPECT_EQ(found(first_), 0U);
  EXPECT_EQ(found(""), 0U);
}

TEST_F(LookaheadTest, ABatchIsOfAllThatWasSeenSinceTheLast) {
  Lookahead lookahead(*registry_);
  lookahead.see(first_);
  lookahead.see(second_);
  EXPECT_EQ(lookahead.fetch(), 2U);
  EXPECT_EQ(lookahead.fetch(), 0U);
}

TEST_F(LookaheadTest, ATokenThatComesAgainAtOnceIsAskedForOnce) {
  EXPECT_EQ(found(first_ + "." + first_ + "." + second_ + "." + second_), 2U);
  EXPECT_EQ(found(first_ + "." + second_ + "." + first_), 3U);
}

TEST_F(LookaheadTest, ABatchHasABound) {
  Lookahead lookahead(*registry_);
  for (std::size_t i = 0; i < 3 * Lookahead::kMaxTokens; ++i) lookahead.see(i % 2 == 0 ? first_ : second_);
  EXPECT_EQ(lookahead.fetch(), Lookahead::kMaxTokens);
}

TEST_F(LookaheadTest, ItUsesNoToken) {
  const Token token = log_in(kAlice, 6).token;
  clock_.advance_ms(kTimeoutMs);
  EXPECT_EQ(found(text(token) + "." + first_), 2U);
  clock_.advance_ms(kRefreshStepMs + 1);
  EXPECT_NE(check(token, 6), Outcome::kAdmitted);
}

TEST_F(LookaheadTest, DeadAndManyTokensOfAUserAreSeenToo) {
  // With a third token the user has a record.
  const std::string more = text(log_in(kAlice, 4).token) + "." + text(log_in(kAlice, 5).token);
  EXPECT_EQ(found(more), 2U);
  ASSERT_TRUE(start(shard().end(*Token::parse(first_), binding(1)))->value().value());
  EXPECT_EQ(found(first_ + "." + more), 3U);
}

}  // namespace
}  // namespace latchkey::token
