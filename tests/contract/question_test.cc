// The questions of proxies, without sites and with them (S-8).
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "guarded_server.h"

namespace latchkey::test {
namespace {

constexpr std::string_view kSite = R"(
[[site]]
hosts = ["app.example.test", "*.apps.example.test"]
cookie_domain = "example.test"
sign_in = "https://auth.example.test/auth/"
)";

constexpr const char* kUrl = "https://app.example.test/a?b=c&d=e";
constexpr const char* kSignIn =
    "https://auth.example.test/auth/?rd=https%3A%2F%2Fapp.example.test%2Fa%3Fb%3Dc%26d%3De";
constexpr const char* kNoCredentials = "Authentication credentials were not provided.";

TEST(S8, EachFamilysQuestionIsAdmittedWithTheWholeIdentity) {
  GuardedServer server(kSite);
  const std::string token = server.obtain();
  for (const Response& response :
       {server.ask_as_nginx(server.from_browser(token), kUrl),
        server.ask_to_forward(server.from_browser(token), "app.example.test", "/a?b=c&d=e"),
        server.ask_as_envoy(server.from_browser(token), "app.example.test", "/a?b=c&d=e"),
        server.ask_as_envoy(server.from_browser(token), "x.y.apps.example.test", "/", "POST")}) {
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "");
    EXPECT_EQ(response.value("X-Auth-User"), kUser);
    EXPECT_EQ(response.value("Remote-User"), kUser);
    for (const char* const empty : {"Remote-Groups", "Remote-Name", "Remote-Email"}) {
      EXPECT_EQ(response.lines(empty), 1U) << empty;
      EXPECT_EQ(response.value(empty), "") << empty;
    }
    EXPECT_EQ(response.value("Auth-Token-Timeout"), "1800");
  }
}

TEST(S8, EnvoyIsToldWhatToTakeOffTheRequest) {
  GuardedServer server(kSite);
  const std::string token = server.obtain();
  const Response response = server.ask_as_envoy(server.from_browser(token), "app.example.test", "/");
  EXPECT_EQ(
      response.value("x-envoy-auth-headers-to-remove"),
      "x-auth-token,x_auth-user,x.auth-user,x-auth_user,x_auth_user,x.auth_user,x-auth.user,x_auth.user,"
      "x.auth.user,remote_user,remote.user,remote_groups,remote.groups,remote_name,remote.name,"
      "remote_email,remote.email");
  EXPECT_EQ(server.ask_as_nginx(server.from_browser(token), kUrl).lines("x-envoy-auth-headers-to-remove"),
            0U);
}

TEST(S8, NginxIsToldWhereToSignInByA401WithoutABody) {
  GuardedServer server(kSite);
  const Response response = server.ask_as_nginx(server.from_browser(), kUrl);
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(response.value("Content-Length"), "0");
  EXPECT_EQ(response.value("Location"), kSignIn);
  EXPECT_EQ(response.value("X-Auth-Reason"), kNoCredentials);
  EXPECT_EQ(response.value("WWW-Authenticate"), "Token");
  EXPECT_EQ(response.value("Cache-Control"), "no-store");
  EXPECT_EQ(response.lines("Connection"), 0U) << "the connection stays";
}

TEST(S8, ANavigationIsRedirectedAndEverythingElseIsRefused) {
  GuardedServer server(kSite);
  const auto ask = [&server](const HeaderLines& lines, const std::string& method = "GET") {
    return server.ask_to_forward(lines, "app.example.test", "/a?b=c&d=e", method);
  };
  for (const char* const method : {"GET", "HEAD"}) {
    const Response response = ask(server.from_browser(), method);
    EXPECT_EQ(response.status, 302) << method;
    EXPECT_EQ(response.reason, "Found") << method;
    EXPECT_EQ(response.value("Location"), kSignIn) << method;
    EXPECT_EQ(response.value("Cache-Control"), "no-store") << method;
  }
  EXPECT_EQ(ask({{"Accept", "text/html"}}).status, 302) << "no Sec-Fetch-Mode: Accept decides";
  const std::vector<std::pair<HeaderLines, const char*>> others = {
      {server.from_browser(), "POST"},
      {server.from_browser(), "PROPFIND"},
      {{{"Accept", "text/html"}, {"Sec-Fetch-Mode", "cors"}}, "GET"},
      {{{"Accept", "text/html"}, {"Sec-Fetch-Mode", "websocket"}}, "GET"},
      {{{"Accept", "*/*"}}, "GET"},
      {{{"Accept", "application/json, text/html;q=0.5"}}, "GET"},
      {{}, "GET"},
  };
  for (const auto& [lines, method] : others) {
    const Response response = ask(lines, method);
    EXPECT_EQ(response.status, 401) << method;
    EXPECT_EQ(response.lines("Location"), 0U) << method;
    EXPECT_EQ(response.body, detail(kNoCredentials));
  }
}

TEST(S8, WhatAProxyOfAnotherFamilySetsIsNotRead) {
  GuardedServer server(kSite);
  const std::string token = server.obtain();
  HeaderLines lines = server.from_browser(token);
  lines.emplace_back("X-Original-URL", kUrl);
  lines.emplace_back("X-Original-Method", "GET");
  EXPECT_EQ(server.client().request("GET", kForwardPath, server.by_proxy(lines)).status, 403);
  lines = server.from_browser(token);
  for (const auto& [name, value] : HeaderLines{{"X-Forwarded-Method", "GET"},
                                               {"X-Forwarded-Proto", "https"},
                                               {"X-Forwarded-Host", "app.example.test"},
                                               {"X-Forwarded-Uri", "/"}}) {
    lines.emplace_back(name, value);
  }
  EXPECT_EQ(server.client().request("GET", kVerifyPath, server.by_proxy(lines)).status, 403);
  lines.emplace_back("Host", "other.example.test");
  EXPECT_EQ(server.client().request("GET", std::string(kEnvoyPath) + "/", server.by_proxy(lines)).status,
            403);
}

TEST(S8, FromAPeerThatIsNotTrustedTheFieldsAreAbsent) {
  GuardedServer server(kSite, {}, "127.0.0.2");
  EXPECT_EQ(server.ask_as_nginx(server.from_browser(), kUrl).status, 403);
  EXPECT_EQ(server.ask_to_forward(server.from_browser(), "app.example.test", "/").status, 403);
  EXPECT_EQ(server.ask_as_envoy(server.from_browser(), "app.example.test", "/").status, 403);
  EXPECT_EQ(server.client().request("GET", "/", {{"X-Original-URL", kUrl}}).status, 200);
}

TEST(S8, AFieldThatIsThereTwiceOrMalformedNamesNoRequest) {
  GuardedServer server(kSite);
  const std::string token = server.obtain();
  const auto status_of = [&](const std::vector<std::string>& urls) {
    HeaderLines lines = server.from_browser(token);
    for (const std::string& url : urls) lines.emplace_back("X-Original-URL", url);
    return server.client().request("GET", kVerifyPath, server.by_proxy(lines)).status;
  };
  EXPECT_EQ(status_of({kUrl}), 200);
  EXPECT_EQ(status_of({kUrl, kUrl}), 403);
  for (const char* const url :
       {"", "/a", "//app.example.test/", "ftp://app.example.test/", "https://evil.test@app.example.test/",
        "https://app.example.test:99999/", "https:///a", "app.example.test"}) {
    EXPECT_EQ(status_of({url}), 403) << url;
  }
  EXPECT_EQ(status_of({"https://APP.example.test.:8443/../a//b%2f?#x"}), 200) << "the host alone decides";
}

TEST(S8, WhateverIsWrongWithTheRequestNginxGetsNothingBut401And403) {
  GuardedServer server(kSite, {"--verify-basic"});
  const std::string token(40, 'a');
  const std::vector<HeaderLines> odd = {
      {{"Authorization", "Token a"}, {"Authorization", "Token b"}},
      {{"X-Auth-Token", "Token a b"}},
      {{"Authorization", "Basic !"}},
      {{"Authorization", "Token"}},
      {{"If-None-Match", "*"}, {"If-Modified-Since", "Thu, 01 Jan 2026 00:00:00 GMT"}},
      {{"Range", "bytes=0-1"}, {"If-Range", "\"x\""}},
      {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}},
      {{"Accept", "image/png"}},
      {{"Cookie", "token=" + token + "; token=" + std::string(40, 'b')}},
  };
  for (const HeaderLines& lines : odd) {
    const Response response = server.ask_as_nginx(lines, kUrl);
    EXPECT_EQ(response.status, 401) << lines.front().first << ": " << lines.front().second;
    EXPECT_EQ(response.body, "");
    EXPECT_FALSE(response.value("X-Auth-Reason").empty());
  }
}

TEST(S8, AThrottledPasswordIs401ForNginxAnd429ForOthers) {
  GuardedServer server(kSite, {"--verify-basic", "--login-failures-by-address=1"});
  const HeaderLines wrong = {{"Authorization", "Basic YWxpY2U6d3Jvbmc="}};
  EXPECT_EQ(server.ask_as_nginx(wrong, kUrl).status, 401);
  const Response nginx = server.ask_as_nginx(wrong, kUrl);
  EXPECT_EQ(nginx.status, 401);
  EXPECT_TRUE(nginx.value("X-Auth-Reason").starts_with("Request was throttled."));
  EXPECT_NE(nginx.value("Retry-After"), "");
  EXPECT_EQ(server.ask_to_forward(wrong, "app.example.test", "/").status, 429);
}

TEST(S8, ConditionalFieldsRangesAndUpgradesDoNotChangeAnAdmission) {
  GuardedServer server(kSite);
  const std::string token = server.obtain();
  HeaderLines lines = server.from_browser(token);
  for (const auto& [name, value] : HeaderLines{{"If-None-Match", "*"},
                                               {"If-Match", "\"x\""},
                                               {"If-Modified-Since", "Thu, 01 Jan 2026 00:00:00 GMT"},
                                               {"Range", "bytes=0-0"},
                                               {"Upgrade", "websocket"},
                                               {"Accept", "image/png"}}) {
    lines.emplace_back(name, value);
  }
  EXPECT_EQ(server.ask_as_nginx(lines, kUrl).status, 200);
  EXPECT_EQ(server.ask_to_forward(lines, "app.example.test", "/").status, 200);
  EXPECT_EQ(server.ask_as_envoy(lines, "app.example.test", "/").status, 200);
}

TEST(S8, DotSegmentsBehindEnvoysPrefixStayInTheQuestion) {
  GuardedServer server(kSite);
  for (const char* const path :
       {"/../../api/v2/ping/", "/%2e%2e/%2e%2e/api/v2/ping/", "/../verify", "/..;/..//"})
    EXPECT_EQ(server.ask_as_envoy({}, "app.example.test", path).status, 401) << path;
  EXPECT_EQ(server.client().request("GET", "/auth/envoyage", server.by_proxy({})).status, 404);
}

TEST(S8, AQuestionAtAPathThatAnswersNoneIsRefused) {
  GuardedServer server(kSite);
  const std::string token = server.obtain();
  for (const char* const path : {"/", "/api/v2/ping/", "/api/", "/auth/", "/nothing", "/api/v2/me/",
                                 "/auth/verif", "/api/v2/me", "/api/static/style.css"}) {
    for (const char* const field : {"X-Forwarded-Method", "X-Original-URL"}) {
      HeaderLines lines = server.from_browser(token);
      lines.emplace_back(field, "x");
      const Response response = server.client().request("GET", path, server.by_proxy(lines));
      EXPECT_EQ(response.status, 403) << path << " " << field;
      EXPECT_EQ(response.value("Cache-Control"), "no-store");
    }
  }
}

TEST(S8, BasicThatIsNotTakenIsToldSo) {
  GuardedServer server(kSite);
  const Response response = server.ask_as_nginx({{"Authorization", "Basic YWxpY2U6eA=="}}, kUrl);
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.value("X-Auth-Reason"),
            "Basic authentication is not taken here: send a token, or switch verify_basic on.");
}

TEST(S8, ALongUrlIsCutToWhatProxiesTake) {
  GuardedServer server(kSite);
  const std::string start = "https://app.example.test/";
  EXPECT_EQ(
      server.ask_as_nginx(server.from_browser(), start + "a?" + std::string(5000, 'b')).value("Location"),
      "https://auth.example.test/auth/?rd=https%3A%2F%2Fapp.example.test%2Fa");
  EXPECT_EQ(server.ask_as_nginx(server.from_browser(), start + std::string(5000, 'b')).value("Location"),
            "https://auth.example.test/auth/?rd=https%3A%2F%2Fapp.example.test%2F");
}

TEST(S8, WithoutASiteEverybodyWhoIsSignedInIsAdmitted) {
  GuardedServer server("");
  const std::string token = server.obtain();
  EXPECT_EQ(server.ask_as_nginx(server.from_browser(token), "https://any.test/").status, 200);
  EXPECT_EQ(server.ask_to_forward(server.from_browser(token), "any.test", "/").status, 200);
  EXPECT_EQ(server.client().request("GET", kForwardPath, server.by_proxy(server.from_browser(token))).status,
            200);
  const Response refused = server.ask_to_forward(server.from_browser(), "any.test", "/");
  EXPECT_EQ(refused.status, 401) << "nobody has said where to sign in";
  EXPECT_EQ(refused.body, detail(kNoCredentials));
}

TEST(S8, TheNamesOfTheFieldsAreSettings) {
  GuardedServer server(kSite, {"--user-field=X-User", "--groups-field=X-Groups"});
  const std::string token = server.obtain();
  const Response response = server.ask_as_nginx(server.from_browser(token), kUrl);
  EXPECT_EQ(response.value("X-User"), kUser);
  EXPECT_EQ(response.value("X-Auth-User"), kUser);
  EXPECT_EQ(response.lines("X-Groups"), 1U);
  EXPECT_EQ(response.lines("Remote-User"), 0U);
}

}  // namespace
}  // namespace latchkey::test
