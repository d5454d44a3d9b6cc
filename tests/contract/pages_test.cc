// The pages' own paths, and where they lead: signing in and back, signing out, and not being let in (S-10).
// tests/browser tests what they do in a browser.
#include <gtest/gtest.h>
#include <simdjson.h>

#include "support/rig.h"

namespace latchkey::test {
namespace {

constexpr const char* kHome = "/auth/";
constexpr const char* kSignOut = "/auth/sign-out/";
constexpr const char* kForbidden = "/auth/forbidden/";
constexpr const char* kPagesSession = "/auth/session/";
constexpr const char* kPagesTokens = "/auth/tokens/";

constexpr const char* kSites = R"(
[[site]]
hosts = ["app.example.test"]
sign_in = "https://auth.example.test/auth/"

[[site]]
hosts = ["ledger.example.test"]
sign_in = "https://auth.example.test/auth/"
users = ["somebody else"]
)";

// kGoalUrl as the value of a parameter, and as a page has it.
constexpr const char* kGoal = "?rd=https%3A%2F%2Fapp.example.test%2Fa%3Fb%3D1%26c%3D%27x%27";
constexpr const char* kGoalUrl = "https://app.example.test/a?b=1&c='x'";
constexpr const char* kGoalHtml = "https://app.example.test/a?b=1&amp;c=&apos;x&apos;";
constexpr const char* kOthersGoal = "?rd=https%3A%2F%2Fledger.example.test%2F";

/// A server that guards two sites.
SharedServer& guarding_server = SharedServer::add([] {
  return std::make_unique<OwnServer>(
      ServerOptions{.flags = {"--trusted-proxy", "127.0.0.1"}, .config = kSites});
});

/// A browser on it, which may be signed in.
class S10 : public ::testing::Test {
 protected:
  S10() : client_(guarding_server.get().port()), agent_(own_agent()) {}

  void sign_in() {
    const Response response =
        client_.request("POST", kPagesSession, {{"User-Agent", agent_}, {"Content-Type", kJsonType}},
                        login_json(kUser, kPassword));
    ASSERT_EQ(response.status, 200) << response.body;
    const std::string set = response.value("Set-Cookie");
    cookie_ = set.substr(0, set.find(';'));
    simdjson::dom::parser parser;
    csrf_token_ = std::string(std::string_view(parser.parse(response.body)["csrf_token"]));
  }

  Response get(const std::string& target, const std::string& further_cookie = {}) {
    HeaderLines lines = {{"User-Agent", agent_}};
    std::string cookies = cookie_;
    if (!further_cookie.empty()) cookies += (cookies.empty() ? "" : "; ") + further_cookie;
    if (!cookies.empty()) lines.emplace_back("Cookie", cookies);
    return client_.request("GET", target, lines);
  }

  Response send(const std::string& method, const std::string& target, bool with_csrf_token = true) {
    HeaderLines lines = {{"User-Agent", agent_}, {"Cookie", cookie_}, {"Origin", "https://a.example"}};
    if (with_csrf_token) lines.emplace_back("X-CSRF-Token", csrf_token_);
    return client_.request(method, target, lines);
  }

  static void expect_shows(const Response& page, std::string_view text) {
    EXPECT_NE(page.body.find(text), std::string::npos) << text << "\nis not in\n" << page.body;
  }
  static void expect_hides(const Response& page, std::string_view text) {
    EXPECT_EQ(page.body.find(text), std::string::npos) << text << "\nis in\n" << page.body;
  }

  HttpClient client_;
  std::string agent_;
  std::string cookie_;  // `token=...`
  std::string csrf_token_;
};

TEST_F(S10, ThePagesHavePathsOfTheirOwnForAllThatTheyNeed) {
  sign_in();
  EXPECT_EQ(get(kHome).status, 200);
  EXPECT_EQ(get("/auth").value("Location"), kHome);
  EXPECT_EQ(get("/auth/static/style.css").value("Content-Type"), "text/css; charset=utf-8");
  EXPECT_EQ(get("/auth/static/signin.html").status, 404) << "a template is no file";
  EXPECT_EQ(get(kPagesSession).body.substr(0, 19), R"({"username":"alice")");
  EXPECT_EQ(get(kPagesTokens).status, 200);
  EXPECT_EQ(client_.request("OPTIONS", "/auth/password/").body,
            client_.request("OPTIONS", "/api/v2/me/password/").body);
  EXPECT_EQ(send("DELETE", "/auth/tokens/999999/").status, 404);
}

TEST_F(S10, AnUnsafeRequestUnderThemNeedsTheSecondValueToo) {
  sign_in();
  for (const char* const target : {kPagesSession, kPagesTokens, "/auth/tokens/1/"}) {
    EXPECT_EQ(send("DELETE", target, false).status, 403) << target;
  }
  EXPECT_EQ(get(kPagesSession).status, 200);
  EXPECT_EQ(send("DELETE", kPagesSession).status, 204);
  EXPECT_EQ(get(kPagesSession).status, 401);
}

TEST_F(S10, TheNextPageOfTokensIsUnderThePathThatWasAskedFor) {
  for (int i = 0; i < 101; ++i) obtain_token(client_, agent_ + std::to_string(i));
  sign_in();
  const Response pages = get(kPagesTokens);
  expect_shows(pages, R"("next":"/auth/tokens/?before=)");
  expect_shows(get("/api/v2/me/tokens/"), R"("next":"/api/v2/me/tokens/?before=)");
}

TEST_F(S10, ThePageToSignInLeadsToAGuardedSiteAndNowhereElse) {
  for (const char* const target : {kHome, "/"}) {
    const Response page = get(std::string(target) + kGoal);
    EXPECT_EQ(page.status, 200);
    expect_shows(page, std::string("data-next=\"") + kGoalHtml + '"');
    expect_shows(page, "<strong>app.example.test</strong>");
  }
  for (const char* const rd :
       {"", "?rd=", "?rd=https%3A%2F%2Fevil.test%2F", "?rd=%2F%2Fevil.test%2F", "?rd=javascript%3Aalert(1)",
        "?rd=http%3A%2F%2Fapp.example.test%2F", "?rd=https%3A%2F%2Fapp.example.test.evil.test%2F",
        "?rd=https%3A%2F%2Fapp.example.test%40evil.test%2F",
        "?rd=https%3A%2F%2Fapp.example.test%5C.evil.test", "?rd=%2Fapi%2F",
        "?rd=https%3A%2F%2Fapp.example.test%2F%0D%0AX%3A%20y"}) {
    const Response page = get(std::string(kHome) + rd);
    EXPECT_EQ(page.status, 200) << rd;
    expect_shows(page, "data-next=\"\"");
    expect_hides(page, "evil");
  }
}

TEST_F(S10, WhoIsSignedInGoesOnAtOnce) {
  sign_in();
  const Response response = get(std::string(kHome) + kGoal);
  EXPECT_EQ(response.status, 303);
  EXPECT_EQ(response.reason, "See Other");
  EXPECT_EQ(response.value("Location"), kGoalUrl);
  EXPECT_EQ(response.value("Cache-Control"), "no-store");
  EXPECT_EQ(get(std::string(kHome) + "?rd=https%3A%2F%2Fevil.test%2F").status, 200);
}

TEST_F(S10, WhoIsSentBackSignsInAgainAndDoesNotGoToAndFro) {
  sign_in();
  const std::string set = get(std::string(kHome) + kGoal).value("Set-Cookie");
  EXPECT_EQ(set, "latchkey_sent=app.example.test; Path=/; Max-Age=10; HttpOnly; SameSite=Lax");
  const Response back = get(std::string(kHome) + kGoal, "latchkey_sent=app.example.test");
  EXPECT_EQ(back.status, 200);
  expect_shows(back, "You are signed in as <strong>alice</strong>, but app.example.test sent you back here.");
  expect_shows(back, std::string("data-next=\"") + kGoalHtml + '"');
  EXPECT_EQ(get(std::string(kHome) + kGoal, "latchkey_sent=other.example.test").status, 303);
}

TEST_F(S10, WhoMayNotEnterIsToldSoAndNotSentOn) {
  sign_in();
  for (const std::string target : {kHome, kForbidden}) {
    const Response page = get(target + kOthersGoal);
    EXPECT_EQ(page.status, 403) << target;
    EXPECT_EQ(page.lines("Location"), 0U);
    EXPECT_EQ(page.value("Content-Type"), "text/html; charset=utf-8");
    expect_shows(page, "<strong>alice</strong>");
    expect_shows(page, "<strong>ledger.example.test</strong>");
    expect_shows(page, R"(href="/auth/sign-out/?change&amp;rd=https%3A%2F%2Fledger.example.test%2F")");
  }
}

TEST_F(S10, ThePageOfNoEntryAsksThoseWhoAreNotSignedInToDoSo) {
  const Response page = get(std::string(kForbidden) + kGoal);
  EXPECT_EQ(page.status, 403);
  expect_shows(page, R"(href="/auth/?rd=https%3A%2F%2Fapp.example.test%2Fa%3Fb%3D1%26c%3D%27x%27")");
  const Response elsewhere = get(std::string(kForbidden) + "?rd=https%3A%2F%2Fevil.test%2F");
  EXPECT_EQ(elsewhere.status, 403);
  expect_hides(elsewhere, "evil");
}

TEST_F(S10, AProxyThatHandsTheRefusalOnShowsThePageWithLinksToTheSignInHost) {
  sign_in();
  HeaderLines question = {{"User-Agent", agent_},
                          {"Cookie", cookie_},
                          {"X-Forwarded-Method", "GET"},
                          {"X-Forwarded-Proto", "https"},
                          {"X-Forwarded-Host", "ledger.example.test"},
                          {"X-Forwarded-Uri", "/books?year=1865"},
                          {"Sec-Fetch-Mode", "navigate"}};
  const Response page = client_.request("GET", "/auth/forward", question);
  EXPECT_EQ(page.status, 403);
  EXPECT_EQ(page.value("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(page.value("Cache-Control"), "no-store");
  EXPECT_EQ(page.value("Content-Security-Policy"),
            "default-src 'none'; style-src https://auth.example.test; img-src https://auth.example.test; "
            "form-action 'none'; base-uri 'none'; frame-ancestors 'none'");
  expect_shows(page, "<strong>alice</strong>");
  expect_shows(page, "<strong>ledger.example.test</strong>");
  expect_shows(page,
               "href=\"https://auth.example.test/auth/sign-out/?change&amp;"
               "rd=https%3A%2F%2Fledger.example.test%2Fbooks%3Fyear%3D1865\"");
  expect_shows(page, "href=\"https://auth.example.test/auth/static/style.css?");
  expect_hides(page, "=\"/");
  expect_hides(page, "<script");

  question.back().second = "cors";
  EXPECT_EQ(client_.request("GET", "/auth/forward", question).value("Content-Type"), kJsonType);
}

TEST_F(S10, ThePageToSignOutChangesNothingAndLeadsOn) {
  sign_in();
  const Response page = get(std::string(kSignOut) + kGoal);
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.lines("Set-Cookie"), 0U);
  expect_shows(page, std::string("data-next=\"") + kGoalHtml + '"');
  expect_shows(page, std::string("content=\"") + csrf_token_ + '"');
  EXPECT_EQ(get(kPagesSession).status, 200);
  EXPECT_EQ(send("POST", kSignOut).status, 405);
  expect_shows(get(std::string(kSignOut) + "?rd=https%3A%2F%2Fevil.test%2F"), "data-next=\"\"");
}

TEST_F(S10, ToSignInAsSomebodyElseOneComesBackToTheForm) {
  sign_in();
  const Response page = get(std::string(kSignOut) + kOthersGoal + "&change");
  expect_shows(page, R"(data-next="/auth/?rd=https%3A%2F%2Fledger.example.test%2F")");
}

TEST_F(S10, ThePagesTellTheVersionToThoseWhoAreSignedIn) {
  for (const char* const target : {kHome, kSignOut, kForbidden}) expect_hides(get(target), LATCHKEY_VERSION);
  sign_in();
  for (const char* const target : {kHome, kSignOut, kForbidden}) expect_shows(get(target), LATCHKEY_VERSION);
}

TEST_F(S10, ThePagesAllowNothingInlineAndNothingFromElsewhere) {
  for (const char* const target : {kHome, kSignOut, kForbidden}) {
    const Response page = get(target);
    EXPECT_TRUE(page.value("Content-Security-Policy").starts_with("default-src 'none'")) << target;
    EXPECT_EQ(page.value("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(page.value("Cache-Control"), "no-store");
    expect_hides(page, "/api/");
    expect_hides(page, "<style");
  }
}

}  // namespace
}  // namespace latchkey::test
