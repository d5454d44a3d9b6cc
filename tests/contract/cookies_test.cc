// The forms of the cookie that signs a browser in, and several of them in one request (S-2, S-3).
#include <regex>

#include "browser_session.h"
#include "support/temporary_directory.h"

namespace latchkey::test {
namespace {

TEST(S2, TheCookieHasTheNameAndTheStrictnessOfTheSettings) {
  ServerOptions options;
  options.flags = {"--cookie-name", "sso", "--cookie-same-site", "strict"};
  OwnServer server(options);
  HttpClient client(server.process.port());
  const Response response = sign_in(client, "browser");
  EXPECT_TRUE(std::regex_match(response.value("Set-Cookie"),
                               std::regex("sso=[0-9a-f]{40}; Path=/; HttpOnly; SameSite=Strict")))
      << response.value("Set-Cookie");
}

TEST(S2, OfSeveralCookiesTheOneThatAdmitsIsThePagesAndSignsOut) {
  Browser browser = browser_on(common_server(), own_agent());
  const std::string old = "latchkey=" + std::string(40, '0') + "; ";
  browser.cookie = old + browser.cookie;
  EXPECT_NE(browser.get("/").body.find(browser.csrf_token), std::string::npos);
  EXPECT_EQ(member(browser.get(kSessionPath), "csrf_token"), browser.csrf_token);
  EXPECT_EQ(browser.send("DELETE", kSessionPath).status, 204);
  EXPECT_EQ(refusal_of(browser.get(kVerifyPath)), "Token is expired");
}

TEST(S2, SigningInEndsWhatAnEarlierSignInLeftInAnotherForm) {
  HttpClient client(common_server().port());
  const std::string agent = own_agent();
  const std::string old = "token=" + obtain_token(client, agent);
  EXPECT_EQ(cookies_of(sign_in(client, agent, {{"Cookie", old}})).at(1),
            "token=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
  EXPECT_EQ(sign_in(client, agent, {{"Cookie", "latchkey=" + std::string(40, '0')}}).lines("Set-Cookie"), 1U)
      << "it is replaced";
  EXPECT_EQ(sign_in(client, agent, {{"Cookie", "token=eyJ.e30.x"}}).lines("Set-Cookie"), 1U)
      << "that one is an application's";
}

TEST(S2, AnApplicationsCookieOutlivesTheSignOut) {
  Browser browser = browser_on(common_server(), own_agent());
  browser.cookie += "; token=eyJ.e30.x";
  EXPECT_EQ(cookies_of(browser.send("DELETE", kSessionPath)),
            (std::vector<std::string>{"latchkey=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"}));
}

/// A server behind a proxy, with a site of its own and hosts that share a cookie.
class DomainServer {
 public:
  Response sign_in_at(const std::string& host, const std::string& scheme, const std::string& cookie = {}) {
    HttpClient client(server_.process.port());
    return sign_in(client, "browser", headers(host, scheme, cookie));
  }
  Response ask(const std::string& method, const std::string& target, HeaderLines lines) {
    HttpClient client(server_.process.port());
    lines.emplace_back("User-Agent", "browser");
    return client.request(method, target, lines);
  }
  static HeaderLines headers(const std::string& host, const std::string& scheme, const std::string& cookie) {
    HeaderLines lines = {{"X-Forwarded-Host", host}, {"X-Forwarded-Proto", scheme}};
    if (!cookie.empty()) lines.emplace_back("Cookie", cookie);
    return lines;
  }

 private:
  static constexpr const char* kSites = R"(
[[site]]
hosts = ["app.example.test", "*.apps.example.test"]
cookie_domain = "example.test"
sign_in = "https://auth.example.test/"

[[site]]
hosts = ["alone.test"]
sign_in = "https://alone.test/"
)";

  OwnServer server_{{.flags = {"--trusted-proxy", "127.0.0.1"}, .config = kSites}};
};

TEST(S2, WhereASiteNamesADomainItsHostsShareTheCookie) {
  DomainServer server;
  for (const char* const host : {"auth.example.test", "AUTH.example.test:8443", "example.test"}) {
    const std::string cookie = server.sign_in_at(host, "https").value("Set-Cookie");
    EXPECT_TRUE(std::regex_match(
        cookie,
        std::regex("latchkey=[0-9a-f]{40}; Path=/; HttpOnly; SameSite=Lax; Domain=example.test; Secure")))
        << cookie;
  }
  for (const char* const host :
       {"alone.test", "evilexample.test", "example.test.evil", "127.0.0.1", "[::1]"}) {
    const std::string cookie = server.sign_in_at(host, "https").value("Set-Cookie");
    EXPECT_TRUE(std::regex_match(
        cookie, std::regex("__Host-latchkey=[0-9a-f]{40}; Path=/; HttpOnly; SameSite=Lax; Secure")))
        << cookie;
  }
}

TEST(S2, SigningOutEndsEveryFormOfTheCookie) {
  DomainServer server;
  const Response signed_in = server.sign_in_at("auth.example.test", "https");
  const std::string set = signed_in.value("Set-Cookie");
  HeaderLines lines = DomainServer::headers("auth.example.test", "https", set.substr(0, set.find(';')));
  lines.emplace_back("X-CSRF-Token", member(signed_in, "csrf_token"));
  const std::string end = "=; Path=/; HttpOnly; SameSite=Lax; ";
  EXPECT_EQ(
      cookies_of(server.ask("DELETE", kSessionPath, lines)),
      (std::vector<std::string>{"latchkey" + end + "Domain=example.test; Max-Age=0; Secure",
                                "__Host-latchkey" + end + "Max-Age=0; Secure",
                                "latchkey" + end + "Max-Age=0; Secure", "token" + end + "Max-Age=0; Secure",
                                "token" + end + "Domain=example.test; Max-Age=0; Secure"}));
  EXPECT_EQ(server.ask("GET", kMePath, lines).status, 401);
}

TEST(S2, ACookieOfTheHostAloneDoesNotOutliveASignInForTheDomain) {
  DomainServer server;
  const std::string old = std::string(40, '0');
  const std::string end = "=; Path=/; HttpOnly; SameSite=Lax; ";
  const std::vector<std::string> cookies = cookies_of(
      server.sign_in_at("auth.example.test", "https", "__Host-latchkey=" + old + "; latchkey=" + old));
  ASSERT_EQ(cookies.size(), 3U);
  EXPECT_EQ(cookies[1], "__Host-latchkey" + end + "Max-Age=0; Secure");
  EXPECT_EQ(cookies[2], "latchkey" + end + "Max-Age=0; Secure");
}

TEST(S3, OfSeveralCookiesTheValueIsOfTheOneThatAdmits) {
  Browser browser = browser_on(common_server(), own_agent());
  const Browser other = browser_on(common_server(), own_agent() + " other");
  const std::string own = browser.cookie;
  for (const std::string& cookies : {other.cookie + "; " + own, own + "; " + other.cookie,
                                     std::string("latchkey=") + std::string(40, '0') + "; " + own}) {
    browser.cookie = cookies;
    HeaderLines headers = browser.headers(false);
    headers.emplace_back("X-CSRF-Token", other.csrf_token);
    EXPECT_EQ(browser.client.request("DELETE", "/api/v2/me/tokens/1/", headers).status, 403) << cookies;
    EXPECT_EQ(browser.send("DELETE", "/api/v2/me/tokens/0/").status, 404) << cookies;
  }
}

}  // namespace
}  // namespace latchkey::test
