// Sites: which hosts are guarded, and who may enter them (S-9).
#include <gtest/gtest.h>

#include <string>

#include "guarded_server.h"

namespace latchkey::test {
namespace {

constexpr std::string_view kSites = R"(
[[site]]
hosts = ["open.example.test"]
sign_in = "https://auth.example.test/auth/"
public = ["/health", "/assets/"]
preflight = true

[[site]]
hosts = ["closed.example.test"]
sign_in = "https://auth.example.test/auth/?x=y"
users = ["alice"]

[[site]]
hosts = ["api.example.test"]
sign_in = "https://auth.example.test/auth/"
redirect = false
)";

TEST(S9, AHostOfNoSiteIsRefusedAndToldInTheLogOnce) {
  GuardedServer server(kSites);
  const std::string token = server.obtain();
  for (int i = 0; i < 3; ++i) {
    const Response response = server.ask_as_nginx(server.from_browser(token), "https://other.example.test/");
    EXPECT_EQ(response.status, 403);
    EXPECT_EQ(response.value("X-Auth-Reason"), "No site of this server has the host.");
  }
  EXPECT_TRUE(server.process().wait_for_log("host=other.example.test"));
  const std::string log = server.process().log();
  const std::size_t first = log.find("event=site.unknown");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(log.find("event=site.unknown", first + 1), std::string::npos);
}

TEST(S9, UsersOfASiteAloneMayEnter) {
  GuardedServer server(kSites);
  add_user(server.process().data(), "ben", "password of ben");
  const std::string alice = server.obtain();
  const std::string ben = server.obtain("ben", "password of ben");
  const std::string closed = "https://closed.example.test/";
  EXPECT_EQ(server.ask_as_nginx(server.from_browser(alice), closed).status, 200);
  const Response refused = server.ask_as_nginx(server.from_browser(ben), closed);
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.body, "");
  EXPECT_EQ(refused.value("X-Auth-Reason"), "You may not enter this site.");
  EXPECT_EQ(refused.lines("X-Auth-User"), 0U);
  EXPECT_EQ(refused.lines("Location"), 0U) << "signing in again would not help";
  EXPECT_EQ(server.ask_as_nginx(server.from_browser(ben), "https://open.example.test/").status, 200);
  EXPECT_EQ(server.ask_to_forward(server.from_browser(ben), "closed.example.test", "/").status, 403);
}

TEST(S9, PublicPathsAreAdmittedAsNobody) {
  GuardedServer server(kSites);
  const std::string token = server.obtain();
  for (const std::string path : {"/health", "/health?x", "/assets/", "/assets/a.css"}) {
    for (const std::string& shown : {std::string(), token}) {
      const Response response =
          server.ask_as_nginx(server.from_browser(shown), "https://open.example.test" + path);
      EXPECT_EQ(response.status, 200) << path;
      EXPECT_EQ(response.lines("X-Auth-User"), 1U) << path;
      EXPECT_EQ(response.value("X-Auth-User"), "") << path;
      EXPECT_EQ(response.lines("Remote-User"), 1U) << path;
    }
  }
  for (const std::string path : {"/", "/healthy", "/assets/../admin", "/assets/%2e%2e/admin", "/assets//x",
                                 "//assets/", "/assets/;x", "/assets/\\x", "/assets/./x", "/x?/assets/"}) {
    EXPECT_EQ(server.ask_as_nginx({}, "https://open.example.test" + path).status, 401) << path;
    EXPECT_EQ(server.ask_to_forward({}, "open.example.test", path).status, 401) << path;
  }
  EXPECT_EQ(server.ask_as_nginx({}, "https://api.example.test/health").status, 401) << "another site's";
}

TEST(S9, APreflightPassesWhereTheSiteSaysSo) {
  GuardedServer server(kSites);
  const HeaderLines preflight = {{"Origin", "https://x.test"}, {"Access-Control-Request-Method", "PUT"}};
  EXPECT_EQ(server.ask_to_forward(preflight, "open.example.test", "/a", "OPTIONS").status, 200);
  EXPECT_EQ(server.ask_to_forward(preflight, "open.example.test", "/a", "GET").status, 401);
  EXPECT_EQ(server.ask_to_forward({preflight[0]}, "open.example.test", "/a", "OPTIONS").status, 401);
  EXPECT_EQ(server.ask_to_forward(preflight, "api.example.test", "/a", "OPTIONS").status, 401);
}

TEST(S9, ASiteThatRedirectsNobodyAnswers401) {
  GuardedServer server(kSites);
  EXPECT_EQ(server.ask_to_forward(server.from_browser(), "api.example.test", "/").status, 401);
  const Response other = server.ask_to_forward(server.from_browser(), "closed.example.test", "/");
  EXPECT_EQ(other.status, 302);
  EXPECT_EQ(other.value("Location"),
            "https://auth.example.test/auth/?x=y&rd=https%3A%2F%2Fclosed.example.test%2F");
}

}  // namespace
}  // namespace latchkey::test
