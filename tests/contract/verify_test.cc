// The resources that a token opens: who its user is, and the answer for proxies (C-36).
#include <gtest/gtest.h>

#include "support/rig.h"

namespace latchkey::test {
namespace {

class C36 : public ::testing::Test {
 protected:
  const std::string agent_ = own_agent();
  HttpClient client_{common_server().port()};
};

TEST_F(C36, VerifyAdmitsAnyMethodAndAnyPathBelow) {
  const std::string token = obtain_token(client_, agent_);
  for (const char* const method : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"}) {
    const Response response = use_token(client_, token, agent_, kVerifyPath, method);
    EXPECT_EQ(response.status, 200) << method;
    EXPECT_EQ(response.body, "") << method;
    EXPECT_EQ(response.value("Content-Length"), "0") << method;
    EXPECT_EQ(response.value("X-Auth-User"), kUser) << method;
  }
  for (const char* const target :
       {"/auth/verify/", "/auth/verify?x=y", "/auth/verify/some/app?q=1", "/auth/verify//"}) {
    EXPECT_EQ(use_token(client_, token, agent_, target).status, 200) << target;
    EXPECT_EQ(client_.request("GET", target).status, 401) << target;
  }
}

TEST_F(C36, VerifyWaitsForNoBodyAndCloses) {
  const std::string token = obtain_token(client_, agent_);
  const std::string head = "POST /auth/verify HTTP/1.1\r\nHost: a\r\nAuthorization: Token " + token +
                           "\r\nUser-Agent: " + agent_ + "\r\n";
  for (const std::string announced :
       {"Content-Length: 30000\r\n", "Content-Length: 99999999999\r\n", "Transfer-Encoding: chunked\r\n",
        "Content-Length: 5\r\nExpect: 100-continue\r\n", "Content-Length: 5\r\nExpect: magic\r\n"}) {
    HttpClient client(common_server().port());
    client.send(head + announced + "\r\n");
    const Response response = client.receive_any();
    EXPECT_EQ(response.status, 200) << announced;
    EXPECT_EQ(response.value("Connection"), "close") << announced;
    EXPECT_TRUE(client.is_closed_by_server()) << announced;
  }
}

TEST_F(C36, VerifyKeepsTheConnectionOfARequestWithoutABody) {
  const std::string token = obtain_token(client_, agent_);
  const HeaderLines shown = {{"Authorization", "Token " + token}, {"User-Agent", agent_}};
  for (const HeaderLines& lines :
       {HeaderLines{{"Content-Length", "0"}}, HeaderLines{{"Expect", "100-continue"}},
        HeaderLines{{"Expect", "magic"}},
        HeaderLines{{"If-None-Match", "*"}, {"If-Modified-Since", "Sat, 28 Nov 2026 05:00:00 GMT"}},
        HeaderLines{{"Range", "bytes=0-0"}},
        HeaderLines{{"Connection", "Upgrade"}, {"Upgrade", "websocket"}}}) {
    HeaderLines headers = shown;
    headers.insert(headers.end(), lines.begin(), lines.end());
    const Response response = client_.request("GET", kVerifyPath, headers);
    EXPECT_EQ(response.status, 200) << lines.front().first;
    EXPECT_FALSE(response.header("Connection")) << lines.front().first;
  }
}

TEST_F(C36, VerifyNamesTheUserPercentEncoded) {
  const std::string token = obtain_token(client_, agent_, "zoë%");
  EXPECT_EQ(use_token(client_, token, agent_).value("X-Auth-User"), "zo%C3%AB%25");
}

TEST_F(C36, MeTellsWhoTheTokenStandsFor) {
  const std::string token = obtain_token(client_, agent_, "zoë%");
  const Response response = use_token(client_, token, agent_, kMePath);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.value("Content-Type"), kJsonType);
  constexpr std::string_view kStart = R"({"count":1,"next":null,"previous":null,"results":[{"id":)";
  ASSERT_TRUE(response.body.starts_with(kStart)) << response.body;
  const std::size_t comma = response.body.find(',', kStart.size());
  EXPECT_GT(std::stoi(response.body.substr(kStart.size(), comma - kStart.size())), 0);
  EXPECT_EQ(
      response.body.substr(comma),
      R"(,"username":"zoë%","first_name":"","last_name":"","email":"","is_superuser":false,"groups":[]}]})");
}

TEST_F(C36, MeTellsWhatTheCommandHasSet) {
  ServerProcess& server = common_server();
  const Finished added = run_latchkey(
      server.data(),
      {"user", "add", "grace", "--password-stdin", "--superuser", "--first-name", "Grace", "--last-name",
       "O\"Hopper", "--email", "grace@example.org", "--group", "staff", "--group", "admins"},
      "cobol\n");
  ASSERT_EQ(added.status, 0) << added.errors;
  const std::string token = obtain_token(client_, agent_, "grace", "cobol");
  const Response response = use_token(client_, token, agent_, kMePath);
  EXPECT_TRUE(response.body.ends_with(
      R"("username":"grace","first_name":"Grace","last_name":"O\"Hopper","email":"grace@example.org","is_superuser":true,"groups":["admins","staff"]}]})"))
      << response.body;
}

TEST_F(C36, MeAnswersGetHeadAndOptionsAlone) {
  const std::string token = obtain_token(client_, agent_);
  EXPECT_EQ(use_token(client_, token, agent_, kMePath, "HEAD").status, 200);
  EXPECT_EQ(use_token(client_, token, agent_, kMePath, "OPTIONS").status, 200);
  const Response posted = use_token(client_, token, agent_, kMePath, "POST");
  EXPECT_EQ(posted.status, 405);
  EXPECT_EQ(posted.value("Allow"), "GET, HEAD, OPTIONS");
}

}  // namespace
}  // namespace latchkey::test
