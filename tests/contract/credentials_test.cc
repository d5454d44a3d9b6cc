// Where a token is looked for, what is said of one that does not admit, and its end (C-30 to C-33, C-40).
#include <gtest/gtest.h>

#include "latchkey/base/hex.h"
#include "support/rig.h"

namespace latchkey::test {
namespace {

constexpr const char* kNoToken = "8f17825cf08a7efea124f2638f3896f6637f8745";
// alice:correct horse
constexpr const char* kBasicWord = "YWxpY2U6Y29ycmVjdCBob3JzZQ==";

/// Every character escaped.
std::string percent_encoded(const std::string& text) {
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    encoded.append("%").append(to_hex(std::span(&byte, 1)));
  }
  return encoded;
}

class Credentials : public ::testing::Test {
 protected:
  Response send(HeaderLines headers, const std::string& target = kVerifyPath) {
    headers.emplace_back("User-Agent", agent_);
    return client_.request("GET", target, headers);
  }

  void expect_refused(HeaderLines headers, const std::string& text, const std::string& challenge,
                      const std::string& target = kMePath) {
    const Response response = send(std::move(headers), target);
    EXPECT_EQ(response.status, 401) << text;
    EXPECT_EQ(response.body, detail(text));
    EXPECT_EQ(response.value("WWW-Authenticate"), challenge) << text;
    EXPECT_EQ(response.lines("WWW-Authenticate"), 1U);
    EXPECT_EQ(response.lines("X-Auth-User"), 0U);
    EXPECT_EQ(response.lines("Auth-Token-Timeout"), 0U);
  }

  const std::string agent_ = own_agent();
  HttpClient client_{common_server().port()};
  const std::string token_ = obtain_token(client_, agent_);
};

using C30 = Credentials;
using C31 = Credentials;
using C32 = Credentials;
using C40 = Credentials;

TEST_F(C30, ATokenIsTakenFromEachOfItsPlaces) {
  EXPECT_EQ(send({{"X-Auth-Token", "Token " + token_}}).status, 200);
  EXPECT_EQ(send({{"Authorization", "Token " + token_}}).status, 200);
  EXPECT_EQ(send({{"Authorization", "Bearer " + token_}}).status, 200);
  EXPECT_EQ(send({{"Cookie", "token=" + token_}}).status, 200);
}

TEST_F(C30, TheSchemeCountsInAnyCase) {
  for (const std::string scheme : {"token", "TOKEN", "tOkEn", "bearer", "BEARER"}) {
    EXPECT_EQ(send({{"Authorization", scheme + " " + token_}}).status, 200) << scheme;
  }
  EXPECT_EQ(send({{"X-Auth-Token", "token " + token_}}).status, 200);
  EXPECT_EQ(send({{"x-auth-token", "Token   " + token_}}).status, 200);
}

TEST_F(C30, TheFirstPlaceWithATokenDecides) {
  const std::string no_token = std::string("Token ") + kNoToken;
  EXPECT_EQ(send({{"X-Auth-Token", "Token " + token_}, {"Authorization", no_token}}).status, 200);
  EXPECT_EQ(send({{"X-Auth-Token", no_token}, {"Authorization", "Token " + token_}}).status, 401);
  EXPECT_EQ(send({{"Authorization", "Token " + token_}, {"Cookie", std::string("token=") + kNoToken}}).status,
            200);
  EXPECT_EQ(send({{"Authorization", no_token}, {"Cookie", "token=" + token_}}).status, 401);
  EXPECT_EQ(send({{"X-Auth-Token", "Token"}, {"Cookie", "token=" + token_}}).status, 401);
}

TEST_F(C30, AnotherSchemeIsPassedOver) {
  EXPECT_EQ(send({{"Authorization", "Digest x"}, {"Cookie", "token=" + token_}}).status, 200);
  EXPECT_EQ(send({{"X-Auth-Token", token_}, {"Authorization", "Token " + token_}}).status, 200);
}

TEST_F(C30, TheCookieMayBeQuotedAndPercentEncodedAndStandAmongOthers) {
  EXPECT_EQ(send({{"Cookie", "token=\"" + token_ + "\""}}).status, 200);
  EXPECT_EQ(send({{"Cookie", "token=%22" + token_ + "%22"}}).status, 200);
  EXPECT_EQ(send({{"Cookie", "a=b; token=" + token_ + "; c=d"}}).status, 200);
  EXPECT_EQ(send({{"Cookie", "token=" + percent_encoded(token_)}}).status, 200);
  EXPECT_EQ(send({{"Cookie", "Token=" + token_}}).status, 401);
  EXPECT_EQ(send({{"Cookie", "xtoken=" + token_}}).status, 401);
}

TEST_F(C30, ACredentialThatStandsTwiceIsABadRequest) {
  const std::string value = "Token " + token_;
  const std::string cookie = "token=" + token_;
  for (const HeaderLines& headers : {HeaderLines{{"Authorization", value}, {"Authorization", value}},
                                     HeaderLines{{"X-Auth-Token", value}, {"x-auth-token", value}},
                                     HeaderLines{{"Cookie", cookie}, {"Cookie", "a=b"}},
                                     HeaderLines{{"Cookie", cookie + "; " + cookie}}}) {
    HttpClient client(common_server().port());
    HeaderLines lines = headers;
    lines.emplace_back("User-Agent", agent_);
    EXPECT_EQ(client.request("GET", kVerifyPath, lines).status, 400) << headers.front().first;
    EXPECT_EQ(HttpClient(common_server().port()).request("DELETE", kTokenPath, lines).status, 400)
        << headers.front().first;
  }
  EXPECT_EQ(send({{"Authorization", value}}).status, 200) << "a bad request ended the token";
}

TEST_F(C30, BasicIsTakenByMeAndBeatsTheCookie) {
  const std::string basic = std::string("Basic ") + kBasicWord;
  const Response me = send({{"Authorization", basic}, {"Cookie", std::string("token=") + kNoToken}}, kMePath);
  EXPECT_EQ(me.status, 200);
  EXPECT_NE(me.body.find(R"("username":"alice")"), std::string::npos) << me.body;
  EXPECT_EQ(me.lines("Auth-Token-Timeout"), 0U) << "no token was used";
  EXPECT_EQ(
      send({{"Authorization", "bAsIc YWxpY2U6d3Jvbmc="}, {"Cookie", "token=" + token_}}, kMePath).status,
      401);
}

TEST_F(C30, BasicIsOffAtVerify) {
  const std::string basic = std::string("Basic ") + kBasicWord;
  EXPECT_EQ(send({{"Authorization", basic}}).status, 401);
  EXPECT_EQ(send({{"Authorization", basic}, {"Cookie", "token=" + token_}}).status, 200)
      << "it is passed over";
}

TEST_F(C30, BasicIsTakenAtVerifyWhereItIsSwitchedOn) {
  ServerOptions options;
  options.flags = {"--verify-basic"};
  OwnServer server(options);
  HttpClient client(server.process.port());
  const Response admitted =
      client.request("GET", kVerifyPath, {{"Authorization", std::string("Basic ") + kBasicWord}});
  EXPECT_EQ(admitted.status, 200);
  EXPECT_EQ(admitted.value("X-Auth-User"), "alice");
  const Response refused = client.request("GET", kVerifyPath, {{"Authorization", "Basic YWxpY2U6d3Jvbmc="}});
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.value("WWW-Authenticate"), "Basic realm=\"api\"");
  EXPECT_EQ(client.request("GET", kVerifyPath).value("WWW-Authenticate"), "Basic realm=\"api\"");
}

TEST_F(C30, BasicIsTakenNowhereWhereItIsSwitchedOff) {
  ServerOptions options;
  options.flags = {"--basic=false"};
  OwnServer server(options);
  HttpClient client(server.process.port());
  const std::string token = obtain_token(client, own_agent());
  const std::string basic = std::string("Basic ") + kBasicWord;
  EXPECT_EQ(client.request("GET", kMePath, {{"Authorization", basic}}).status, 401);
  const HeaderLines both = {
      {"Authorization", basic}, {"Cookie", "token=" + token}, {"User-Agent", own_agent()}};
  EXPECT_EQ(client.request("GET", kMePath, both).status, 200) << "it is passed over";
}

TEST_F(C31, EveryAnswerToALiveTokenCarriesTheTimeout) {
  EXPECT_EQ(send({{"Authorization", "Token " + token_}}).value("Auth-Token-Timeout"), "1800");
  EXPECT_EQ(send({{"Authorization", "Token " + token_}}, kMePath).value("Auth-Token-Timeout"), "1800");
}

TEST_F(C32, NoCredentials) {
  expect_refused({}, "Authentication credentials were not provided.", "Basic realm=\"api\"");
  expect_refused({{"Authorization", ""}}, "Authentication credentials were not provided.",
                 "Basic realm=\"api\"");
  expect_refused({{"Cookie", "a=b"}}, "Authentication credentials were not provided.", "Basic realm=\"api\"");
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
  EXPECT_EQ(other.body, detail("Invalid token"));
  EXPECT_EQ(other.value("WWW-Authenticate"), "Token");
  EXPECT_EQ(client_.request("GET", kVerifyPath, {{"Authorization", "Token " + token_}}).status, 401)
      << "no agent";
  EXPECT_EQ(use_token(client_, token_, agent_).status, 200);
}

TEST_F(C32, ATokenFromAnotherAddressIsRefusedButNotKilled) {
  HttpClient elsewhere(common_server().port(), "127.0.0.2");
  const Response other = use_token(elsewhere, token_, agent_);
  EXPECT_EQ(other.status, 401);
  EXPECT_EQ(other.body, detail("Invalid token"));
  EXPECT_EQ(use_token(client_, token_, agent_).status, 200);
}

TEST_F(C32, AnEndedTokenIsExpiredForItsHolderAndInvalidForAnybodyElse) {
  ASSERT_EQ(end_token(client_, token_, agent_).status, 204);
  expect_refused({{"Authorization", "Token " + token_}}, "Token is expired", "Token");
  expect_refused({{"Authorization", "Bearer " + token_}}, "Token is expired", "Bearer", kVerifyPath);
  EXPECT_EQ(use_token(client_, token_, agent_ + "/2").body, detail("Invalid token"));
}

TEST_F(C32, WrongBasicCredentials) {
  for (const std::string word : {"YWxpY2U6d3Jvbmc=", "bm9ib2R5Ong=", "!!!", "YWxpY2U="}) {
    const Response response = send({{"Authorization", "Basic " + word}}, kMePath);
    EXPECT_EQ(response.status, 401) << word;
    EXPECT_EQ(response.value("WWW-Authenticate"), "Basic realm=\"api\"") << word;
  }
}

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
  EXPECT_EQ(use_token(client_, token_, agent_).body, detail("Token is expired"));
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
