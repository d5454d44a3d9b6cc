// What a token that admits reveals, and what is said about one that does not (C-31, C-32).
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "token_holder.h"

namespace latchkey::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

using C31 = TokenHolder;
using C32 = TokenHolder;

TEST_F(C31, EveryAnswerToALiveTokenCarriesTheTimeout) {
  EXPECT_EQ(send({{"Authorization", "Token " + token_}}).value("Auth-Token-Timeout"), "1800");
  EXPECT_EQ(send({{"Authorization", "Token " + token_}}, kMePath).value("Auth-Token-Timeout"), "1800");
}

TEST_F(C31, TheTimeoutStandsOnEveryAnswerOfTheTokensResources) {
  for (const char* const method : {"GET", "HEAD"}) {
    for (const char* const target : {kVerifyPath, kMePath}) {
      const Response response = use_token(client_, token_, agent_, target, method);
      EXPECT_EQ(response.status, 200) << method << ' ' << target;
      EXPECT_EQ(response.value("Auth-Token-Timeout"), "1800") << method << ' ' << target;
      EXPECT_EQ(response.lines("WWW-Authenticate"), 0U) << method << ' ' << target;
    }
  }
}

TEST_F(C31, ATokenInUseLivesOnAndOneLeftAloneExpires) {
  OwnServer server({.cores = 2, .flags = {"--token-timeout", "2s"}});
  HttpClient client(server.process.port());
  const std::string used = obtain_token(client, "used");
  const std::string left_alone = obtain_token(client, "left alone");
  auto last_use = steady_clock::now();
  for (int second = 1; second <= 3; ++second) {
    std::this_thread::sleep_for(seconds(1));
    const auto unused = steady_clock::now() - last_use;
    if (unused > milliseconds(1900))
      GTEST_SKIP() << "the machine stood still for longer than the token lives";
    last_use = steady_clock::now();
    EXPECT_EQ(use_token(client, used, "used").status, 200) << "after " << second << " s";
  }
  const Response expired = use_token(client, left_alone, "left alone");
  EXPECT_EQ(expired.status, 401);
  EXPECT_EQ(refusal_of(expired), "Token is expired");
  EXPECT_NE(obtain_token(client, "left alone"), left_alone);
  EXPECT_EQ(end_token(client, left_alone, "left alone").status, 204);
}

TEST_F(C32, NoCredentials) {
  expect_refused({}, "Authentication credentials were not provided.", "Basic realm=\"api\"");
  expect_refused({{"Authorization", ""}}, "Authentication credentials were not provided.",
                 "Basic realm=\"api\"");
  expect_refused({{"Cookie", "a=b"}}, "Authentication credentials were not provided.", "Basic realm=\"api\"");
  for (const char* const empty : {"token=", "latchkey=", "token=\"\"", "__Host-latchkey=; token="}) {
    expect_refused({{"Cookie", empty}}, "Authentication credentials were not provided.",
                   "Basic realm=\"api\"");
  }
}

TEST_F(C32, TheSchemeAlone) {
  const std::string text = "Invalid token header. No credentials provided.";
  expect_refused({{"Authorization", "Token"}}, text, "Token");
  expect_refused({{"Authorization", "token "}}, text, "Token");
  expect_refused({{"X-Auth-Token", "Token"}}, text, "Token");
  expect_refused({{"Authorization", "Bearer"}}, text, "Bearer");
  expect_refused({{"Authorization", "Token"}}, text, "Token", kVerifyPath);
}

TEST_F(C32, MoreThanOneWord) {
  const std::string text = "Invalid token header. Token string should not contain spaces.";
  expect_refused({{"Authorization", "Token " + token_ + " x"}}, text, "Token");
  expect_refused({{"Authorization", "Bearer a b"}}, text, "Bearer");
  expect_refused({{"X-Auth-Token", "Token a b"}}, text, "Token", kVerifyPath);
}

TEST_F(C32, AnUnknownToken) {
  std::string upper = token_;
  for (char& c : upper) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  std::string other = token_;
  other.back() = other.back() == '0' ? '1' : '0';
  for (const std::string& text : {std::string(kNoToken), other, token_.substr(1), token_ + "0",
                                  std::string("x"), std::string(5000, 'a'), std::string("tok\xc3\xabn")}) {
    expect_refused({{"Authorization", "Token " + text}}, "Invalid token", "Token");
    expect_refused({{"Authorization", "Bearer " + text}}, "Invalid token", "Bearer", kVerifyPath);
    if (text.size() <= 120) expect_refused({{"Cookie", "token=" + text}}, "Invalid token", "Token");
  }
  if (upper != token_) expect_refused({{"Authorization", "Token " + upper}}, "Invalid token", "Token");
  EXPECT_EQ(send({{"Authorization", "Token " + token_}}).status, 200);
}

TEST_F(C32, ATokenFromAnotherAgentIsRefusedButNotKilled) {
  const Response other = use_token(client_, token_, agent_ + "/2");
  EXPECT_EQ(other.status, 401);
  EXPECT_EQ(refusal_of(other), "Invalid token");
  EXPECT_EQ(other.value("WWW-Authenticate"), "Token");
  EXPECT_EQ(client_.request("GET", kVerifyPath, {{"Authorization", "Token " + token_}}).status, 401)
      << "no agent";
  EXPECT_EQ(use_token(client_, token_, agent_).status, 200);
}

TEST_F(C32, ATokenFromAnotherAddressIsRefusedButNotKilled) {
  HttpClient elsewhere(common_server().port(), "127.0.0.2");
  const Response other = use_token(elsewhere, token_, agent_);
  EXPECT_EQ(other.status, 401);
  EXPECT_EQ(refusal_of(other), "Invalid token");
  EXPECT_EQ(use_token(client_, token_, agent_).status, 200);
}

TEST_F(C32, AnEndedTokenIsExpiredForItsHolderAndInvalidForAnybodyElse) {
  ASSERT_EQ(end_token(client_, token_, agent_).status, 204);
  expect_refused({{"Authorization", "Token " + token_}}, "Token is expired", "Token");
  expect_refused({{"Authorization", "Bearer " + token_}}, "Token is expired", "Bearer", kVerifyPath);
  EXPECT_EQ(refusal_of(use_token(client_, token_, agent_ + "/2")), "Invalid token");
}

TEST_F(C32, WrongBasicCredentials) {
  for (const std::string word : {"YWxpY2U6d3Jvbmc=", "bm9ib2R5Ong=", "!!!", "YWxpY2U="}) {
    const Response response = send({{"Authorization", "Basic " + word}}, kMePath);
    EXPECT_EQ(response.status, 401) << word;
    EXPECT_EQ(response.value("WWW-Authenticate"), "Basic realm=\"api\"") << word;
  }
}

TEST_F(C32, ATokenOfADeactivatedUserSaysSoToItsHolderAlone) {
  ServerProcess& server = common_server();
  add_user(server.data(), "leaver", kPassword);
  const std::string token = obtain_token(client_, agent_, "leaver");
  ASSERT_EQ(run_latchkey(server.data(), {"user", "disable", "leaver"}).status, 0);
  expect_refused({{"Authorization", "Token " + token}}, "User inactive or deleted", "Token");
  expect_refused({{"Authorization", "Bearer " + token}}, "User inactive or deleted", "Bearer", kVerifyPath);
  expect_refused({{"Cookie", "token=" + token}}, "User inactive or deleted", "Token");
  EXPECT_EQ(refusal_of(use_token(client_, token, agent_ + "/2")), "Invalid token");
}

TEST_F(C32, TheChallengeOfACookieIsToken) {
  expect_refused({{"Cookie", std::string("token=") + kNoToken}}, "Invalid token", "Token");
  expect_refused({{"Cookie", "token=x"}}, "Invalid token", "Token", kVerifyPath);
}

TEST_F(C32, OfSeveralCookiesTheOneOfWhichThereIsMoreToSayIsToldOf) {
  ASSERT_EQ(end_token(client_, token_, agent_).status, 204);
  const std::string ended = "token=" + token_;
  const std::string unknown = std::string("token=") + kNoToken;
  expect_refused({{"Cookie", unknown + "; token=x; " + ended}}, "Token is expired", "Token");
  expect_refused({{"Cookie", ended + "; " + unknown}}, "Token is expired", "Token", kVerifyPath);
  expect_refused({{"Cookie", unknown + "; token=x"}}, "Invalid token", "Token");
}

TEST_F(C32, TheChallengeIsTokenWhereBasicIsNotTaken) {
  EXPECT_EQ(client_.request("GET", kMePath).value("WWW-Authenticate"), "Basic realm=\"api\"");
  EXPECT_EQ(client_.request("GET", kVerifyPath).value("WWW-Authenticate"), "Token");
  const OwnServer server({.flags = {"--basic=false"}});
  HttpClient client(server.process.port());
  EXPECT_EQ(client.request("GET", kMePath).value("WWW-Authenticate"), "Token");
}

TEST_F(C32, AUseFromElsewhereDoesNotKeepATokenAlive) {
  OwnServer server({.cores = 2, .flags = {"--token-timeout", "2s"}});
  HttpClient client(server.process.port());
  const std::string token = obtain_token(client, "holder");
  for (int half_second = 0; half_second < 6; ++half_second) {
    std::this_thread::sleep_for(milliseconds(500));
    EXPECT_EQ(refusal_of(use_token(client, token, "thief")), "Invalid token");
  }
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_EQ(refusal_of(use_token(client, token, "holder")), "Token is expired");
}

}  // namespace
}  // namespace latchkey::test
