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
  const HeaderLines headers = {{"Authorization", "Token " + token}, {"User-Agent", agent_}};
  HttpClient client(common_server().port());
  const Response response = client.request("POST", kVerifyPath, headers, std::string(30'000, 'x'));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.value("Connection"), "close");
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
  EXPECT_EQ(response.body.substr(comma),
            R"(,"username":"zoë%","first_name":"","last_name":"","email":"","is_superuser":false}]})");
}

TEST_F(C36, MeTellsWhatTheCommandHasSet) {
  ServerProcess& server = common_server();
  const Finished added =
      run_latchkey(server.data(),
                   {"user", "add", "grace", "--password-stdin", "--superuser", "--first-name", "Grace",
                    "--last-name", "O\"Hopper", "--email", "grace@example.org"},
                   "cobol\n");
  ASSERT_EQ(added.status, 0) << added.errors;
  const std::string token = obtain_token(client_, agent_, "grace", "cobol");
  const Response response = use_token(client_, token, agent_, kMePath);
  EXPECT_TRUE(response.body.ends_with(
      R"("username":"grace","first_name":"Grace","last_name":"O\"Hopper","email":"grace@example.org","is_superuser":true}]})"))
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
