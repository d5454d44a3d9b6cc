// How its holder ends a token (C-40).
#include <gtest/gtest.h>

#include "token_holder.h"

namespace latchkey::test {
namespace {

using C40 = TokenHolder;

TEST_F(C40, ADeletedTokenIsDeadForEveryLaterRequest) {
  const Response ended = end_token(client_, token_, agent_);
  EXPECT_EQ(ended.status, 204);
  EXPECT_EQ(ended.body, "");
  EXPECT_EQ(ended.lines("Content-Length"), 0U);
  for (int i = 0; i < 8; ++i) {
    HttpClient another(common_server().port());
    EXPECT_EQ(use_token(another, token_, agent_).status, 401);
  }
  const std::string next = obtain_token(client_, agent_);
  EXPECT_NE(next, token_);
  EXPECT_EQ(use_token(client_, next, agent_).status, 200);
  EXPECT_EQ(refusal_of(use_token(client_, token_, agent_)), "Token is expired");
}

TEST_F(C40, ADeletionTakesATokenFromEachOfItsPlaces) {
  for (const HeaderLines& place :
       {HeaderLines{{"X-Auth-Token", "Token "}}, HeaderLines{{"Authorization", "Bearer "}},
        HeaderLines{{"Cookie", "token="}}}) {
    const std::string token = obtain_token(client_, agent_);
    const HeaderLines headers = {{place.front().first, place.front().second + token}, {"User-Agent", agent_}};
    EXPECT_EQ(client_.request("DELETE", kTokenPath, headers).status, 204);
    EXPECT_EQ(use_token(client_, token, agent_).status, 401) << place.front().first;
  }
}

TEST_F(C40, AnUnknownADeadAndNoTokenAreAnsweredAlike) {
  ASSERT_EQ(end_token(client_, token_, agent_).status, 204);
  EXPECT_EQ(end_token(client_, token_, agent_).status, 204);
  EXPECT_EQ(end_token(client_, kNoToken, agent_).status, 204);
  EXPECT_EQ(end_token(client_, "nonsense", agent_).status, 204);
  EXPECT_EQ(client_.request("DELETE", kTokenPath).status, 204);
  EXPECT_EQ(client_.request("DELETE", kTokenPath, {{"Authorization", "Token"}}).status, 204);
  EXPECT_EQ(
      client_.request("DELETE", kTokenPath, {{"Authorization", std::string("Basic ") + kBasicWord}}).status,
      204);
}

TEST_F(C40, OnlyItsHolderCanEndAToken) {
  EXPECT_EQ(end_token(client_, token_, agent_ + "/2").status, 204);
  EXPECT_EQ(use_token(client_, token_, agent_).status, 200);
  HttpClient elsewhere(common_server().port(), "127.0.0.2");
  EXPECT_EQ(end_token(elsewhere, token_, agent_).status, 204);
  EXPECT_EQ(use_token(client_, token_, agent_).status, 200);
}

TEST_F(C40, ABodyOfADeletionIsPassedOver) {
  const HeaderLines headers = {{"Authorization", "Token " + token_}, {"User-Agent", agent_}};
  EXPECT_EQ(client_.request("DELETE", kTokenPath, headers, "{}").status, 204);
  EXPECT_EQ(use_token(client_, token_, agent_).status, 401);
}

}  // namespace
}  // namespace latchkey::test
