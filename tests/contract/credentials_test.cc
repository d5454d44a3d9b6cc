// Where the server looks for credentials, and in which order (C-30).
#include <gtest/gtest.h>

#include "latchkey/base/hex.h"
#include "token_holder.h"

namespace latchkey::test {
namespace {

/// Escapes every character.
std::string percent_encoded(const std::string& text) {
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    encoded.append("%").append(to_hex(std::span(&byte, 1)));
  }
  return encoded;
}

using C30 = TokenHolder;

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
  for (const HeaderLines& headers :
       {HeaderLines{{"Authorization", value}, {"Authorization", value}},
        HeaderLines{{"X-Auth-Token", value}, {"x-auth-token", value}},
        HeaderLines{{"Authorization", value}, {"Cookie", cookie}, {"Authorization", "x"}}}) {
    HttpClient client(common_server().port());
    HeaderLines lines = headers;
    lines.emplace_back("User-Agent", agent_);
    const Response question = client.request("GET", kVerifyPath, lines);
    EXPECT_EQ(question.status, 401) << headers.front().first << ": a proxy takes no 400";
    EXPECT_EQ(refusal_of(question), "a credential header stands twice");
    EXPECT_EQ(HttpClient(common_server().port()).request("DELETE", kTokenPath, lines).status, 400)
        << headers.front().first;
  }
  EXPECT_EQ(send({{"Authorization", value}}).status, 200) << "a bad request ended the token";
}

TEST_F(C30, SeveralCookieLinesAreOneList) {
  const std::string cookie = "token=" + token_;
  for (const HeaderLines& lines : {HeaderLines{{"Cookie", cookie}, {"Cookie", "a=b"}},
                                   HeaderLines{{"Cookie", "a=b; c=d"}, {"Accept", "*/*"}, {"Cookie", cookie}},
                                   HeaderLines{{"Cookie", ""}, {"cookie", cookie}, {"Cookie", "token="}}}) {
    EXPECT_EQ(send(lines).status, 200);
    EXPECT_EQ(send(lines, kMePath).status, 200);
  }
  EXPECT_EQ(send({{"Cookie", "a=b"}, {"Cookie", "c=d"}}).status, 401);
}

TEST_F(C30, OfSeveralCookiesTheOneThatAdmitsCounts) {
  const std::string other_agents = obtain_token(client_, agent_ + " other");
  const std::string no_token = std::string("token=") + kNoToken;
  const std::string cookie = "token=" + token_;
  for (const std::string& cookies :
       {no_token + "; " + cookie, cookie + "; " + no_token, "token=nonsense; " + cookie, "token=; " + cookie,
        "token=" + other_agents + "; " + cookie, no_token + "; token=x; " + no_token + "; " + cookie,
        "latchkey=" + token_ + "; " + no_token, cookie + "; latchkey=" + kNoToken,
        cookie + "; __Host-latchkey=x"}) {
    EXPECT_EQ(send({{"Cookie", cookies}}).status, 200) << cookies;
    const Response me = send({{"Cookie", cookies}}, kMePath);
    EXPECT_EQ(me.status, 200) << cookies;
    EXPECT_EQ(me.value("Auth-Token-Timeout"), "1800") << cookies;
  }
}

TEST_F(C30, FourCookiesAreTriedAndNoMore) {
  const std::string no_token = std::string("token=") + kNoToken + "; ";
  const std::string four = no_token + no_token + no_token + no_token;
  EXPECT_EQ(send({{"Cookie", four + "token=" + token_}}).status, 401);
  EXPECT_EQ(send({{"Cookie", four}, {"Cookie", "token=" + token_}}).status, 401);
  EXPECT_EQ(send({{"Cookie", four + "token=; x=y; latchkey=" + token_}}).status, 200)
      << "the configured name is tried first";
  EXPECT_EQ(send({{"Cookie", "token=;token=;token=;token=;token=" + token_}}).status, 200)
      << "an empty one is none";
}

TEST_F(C30, TheNameWithTheHostsPrefixIsTriedFirst) {
  add_user(common_server().data(), "sibling", kPassword);
  const std::string tossed = obtain_token(client_, agent_, "sibling");
  EXPECT_EQ(send({{"Cookie", "latchkey=" + tossed + "; __Host-latchkey=" + token_}}).value("X-Auth-User"),
            kUser)
      << "no other host of the domain can set it";
  EXPECT_EQ(send({{"Cookie", "latchkey=" + tossed + "; latchkey=" + token_}}).value("X-Auth-User"),
            "sibling");
  EXPECT_EQ(send({{"Cookie", "token=" + tossed + "; latchkey=" + token_}}).value("X-Auth-User"), kUser);
}

TEST_F(C30, TheNameOfTheCookieIsASetting) {
  ServerOptions options;
  options.flags = {"--cookie-name", "sso.id"};
  OwnServer server(options);
  HttpClient client(server.process.port());
  const std::string token = obtain_token(client, "agent");
  const auto status = [&client, &token](const char* name) {
    return client.request("GET", kVerifyPath, {{"User-Agent", "agent"}, {"Cookie", name + ('=' + token)}})
        .status;
  };
  EXPECT_EQ(status("sso.id"), 200);
  EXPECT_EQ(status("__Host-sso.id"), 200);
  EXPECT_EQ(status("token"), 200) << "clients of the original send this one";
  EXPECT_EQ(status("latchkey"), 401);
  EXPECT_EQ(status("__Host-token"), 401);
}

TEST_F(C30, AtAQuestionAnApplicationsAuthorizationGivesWayToTheCookie) {
  const std::string cookie = "latchkey=" + token_;
  for (const std::string authorization : {"Bearer eyJhbGciOiJIUzI1NiJ9.e30.x", "Token abc", "Bearer", "Token",
                                          "Bearer a b", "Digest x", "Basic YWxpY2U6d3Jvbmc="}) {
    const HeaderLines both = {{"Authorization", authorization}, {"Cookie", cookie}};
    for (const char* const question :
         {"/auth/verify", "/auth/verify/path", "/auth/forward", "/auth/envoy", "/auth/envoy/path?query"}) {
      EXPECT_EQ(send(both, question).status, 200) << authorization << ' ' << question;
      EXPECT_EQ(send({{"Authorization", authorization}}, question).status, 401) << question;
    }
    EXPECT_EQ(send(both, kMePath).status, authorization == "Digest x" ? 200 : 401) << authorization;
    EXPECT_EQ(send({{"Authorization", authorization}}).status, 401) << authorization;
    EXPECT_EQ(send({{"Authorization", authorization}, {"Cookie", "latchkey="}}).status, 401) << authorization;
  }
  const std::string no_token = std::string("Bearer ") + kNoToken;
  EXPECT_EQ(send({{"Authorization", no_token}, {"Cookie", cookie}}).status, 401)
      << "a word that may be a token is Latchkey's";
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
  const std::string token = obtain_token(client, own_agent());
  const HeaderLines both = {
      {"Authorization", "Basic YWxpY2U6d3Jvbmc="}, {"Cookie", "token=" + token}, {"User-Agent", own_agent()}};
  EXPECT_EQ(client.request("GET", kVerifyPath, both).status, 401) << "it is Latchkey's then, and decides";
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

TEST_F(C30, TheOrderIsXAuthTokenThenAuthorizationThenTheCookie) {
  const std::string good = "Token " + token_;
  const std::string bad = std::string("Token ") + kNoToken;
  const std::string basic = std::string("Basic ") + kBasicWord;
  const std::string good_cookie = "token=" + token_;
  const std::string bad_cookie = std::string("token=") + kNoToken;
  const auto status = [this](const std::string& x_auth, const std::string& authorization,
                             const std::string& cookie) {
    return send({{"X-Auth-Token", x_auth}, {"Authorization", authorization}, {"Cookie", cookie}}, kMePath)
        .status;
  };
  EXPECT_EQ(status(good, bad, bad_cookie), 200);
  EXPECT_EQ(status(bad, good, good_cookie), 401);
  EXPECT_EQ(status(bad, basic, good_cookie), 401) << "a token in X-Auth-Token comes before Basic";
  EXPECT_EQ(status(good, "Basic YWxpY2U6d3Jvbmc=", bad_cookie), 200);
  EXPECT_EQ(status("Digest x", good, bad_cookie), 200) << "another scheme is no token";
  EXPECT_EQ(status("Digest x", basic, bad_cookie), 200) << "Basic beats the cookie";
  EXPECT_EQ(status("Digest x", "Digest x", good_cookie), 200);
  EXPECT_EQ(status("Digest x", "Bearer " + token_, bad_cookie), 200);
  EXPECT_EQ(status("Digest x", std::string("Bearer ") + kNoToken, good_cookie), 401);
}

TEST_F(C30, XAuthTokenKnowsTheSchemeTokenAlone) {
  EXPECT_EQ(refusal_of(send({{"X-Auth-Token", "Bearer " + token_}})),
            "Authentication credentials were not provided.");
  EXPECT_EQ(send({{"X-Auth-Token", std::string("Basic ") + kBasicWord}}, kMePath).status, 401);
}

TEST_F(C30, ACredentialThatStandsTwiceIsABadRequestToEveryResource) {
  const std::string value = "Token " + token_;
  for (const auto& [method, target] :
       {std::pair{"POST", kTokenPath}, std::pair{"OPTIONS", kTokenPath}, std::pair{"GET", kMePath},
        std::pair{"GET", "/api/v2/ping/"}, std::pair{"GET", "/nowhere"}}) {
    // Even if the two agree: a server in front of this one may have read the other line.
    for (const char* const name : {"Authorization", "X-Auth-Token"}) {
      HttpClient client(common_server().port());
      const HeaderLines twice = {{name, value}, {"User-Agent", agent_}, {name, value}};
      const Response response = client.request(method, target, twice);
      EXPECT_EQ(response.status, 400) << name << ' ' << target;
      EXPECT_EQ(response.body, detail("a credential header stands twice")) << name << ' ' << target;
      EXPECT_EQ(response.value("Connection"), "close") << name << ' ' << target;
    }
  }
}

}  // namespace
}  // namespace latchkey::test
