#include "latchkey/token/format.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace latchkey::token {
namespace {

constexpr std::string_view kText = "8f17825cf08a7efea124f2638f3896f6637f8745";

TEST(Token, IsReadFromItsTextAndWrittenBackTheSame) {
  const std::optional<Token> token = Token::parse(kText);
  ASSERT_TRUE(token);
  const Token::Digits digits = token->digits();
  EXPECT_EQ(std::string_view(digits.data(), digits.size()), kText);
}

TEST(Token, BeginsWithTheTagAndGoesOnWithTheSecret) {
  const std::optional<Token> token = Token::parse(kText);
  ASSERT_TRUE(token);
  EXPECT_EQ(token->tag(), 0x8f17);
  EXPECT_EQ(token->secret()[0], 0x82);
  EXPECT_EQ(token->secret()[17], 0x45);
  Secret secret;
  std::copy(token->secret().begin(), token->secret().end(), secret.begin());
  EXPECT_EQ(Token(0x8f17, secret), *token);
}

TEST(Token, IsFortyLowerCaseDigits) {
  EXPECT_FALSE(Token::parse(""));
  EXPECT_FALSE(Token::parse(kText.substr(1)));
  EXPECT_FALSE(Token::parse(std::string(kText) + "0"));
  EXPECT_FALSE(Token::parse("8F17825CF08A7EFEA124F2638F3896F6637F8745"));
  for (std::size_t place = 0; place < kText.size(); ++place) {
    for (const char c : {'A', 'F', 'g', ' ', '\0', '/', ':', '@', '`', '\xff'}) {
      std::string other(kText);
      other[place] = c;
      EXPECT_FALSE(Token::parse(other)) << other;
    }
  }
}

TEST(ShardOfTag, SpreadsAllTagsOverAllShardsEvenly) {
  for (const std::uint32_t shards : {1U, 2U, 3U, 64U, 100U}) {
    std::vector<int> tags(shards);
    for (std::uint32_t tag = 0; tag < 65'536; ++tag) {
      const std::uint32_t shard = shard_of(static_cast<Tag>(tag), shards);
      ASSERT_LT(shard, shards);
      ++tags[shard];
    }
    const auto [least, most] = std::minmax_element(tags.begin(), tags.end());
    EXPECT_LE(*most - *least, 1) << shards;
  }
}

}  // namespace
}  // namespace latchkey::token
