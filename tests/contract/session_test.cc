// What Latchkey has beyond the original: the session of a browser and its protection, and a user's own tokens
// and password (S-2 to S-5).
#include <gtest/gtest.h>
#include <simdjson.h>

#include <regex>

#include "browser_session.h"

namespace latchkey::test {
namespace {

constexpr std::size_t kNameBytes = std::string_view("latchkey=").size();

TEST(S2, SigningInSetsACookieThatNoScriptReadsAndNoOtherSitesPageSends) {
  HttpClient client(common_server().port());
  const Response response = sign_in(client, own_agent());
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(std::regex_match(response.value("Set-Cookie"),
                               std::regex("latchkey=[0-9a-f]{40}; Path=/; HttpOnly; SameSite=Lax")))
      << response.value("Set-Cookie");
  EXPECT_EQ(response.lines("Set-Cookie"), 1U);
  EXPECT_EQ(response.value("Cache-Control"), "no-store");
  EXPECT_TRUE(std::regex_match(
      response.body,
      std::regex(R"(\{"username":"alice","expires":"[-0-9T:.]{23}Z","csrf_token":"[0-9a-f]{32}"\})")))
      << response.body;
  const std::string token = response.value("Set-Cookie").substr(kNameBytes, 40);
  EXPECT_EQ(response.body.find(token), std::string::npos) << "the token itself is the cookie's alone";
}

TEST(S2, TheCookieAdmits) {
  Browser browser = browser_on(common_server(), own_agent());
  EXPECT_EQ(browser.get(kVerifyPath).value("X-Auth-User"), kUser);
  const Response told = browser.get(kSessionPath);
  EXPECT_EQ(told.status, 200);
  EXPECT_EQ(member(told, "username"), kUser);
  EXPECT_EQ(member(told, "csrf_token"), browser.csrf_token);
}

TEST(S2, TheCookieIsSecureWhereTheBelievedProxySaysHttps) {
  struct Case {
    std::vector<std::string> flags;
    HeaderLines headers;
    bool is_secure;
  };
  const std::vector<std::string> trusting = {"--trusted-proxy", "127.0.0.1"};
  const std::vector<std::string> rfc7239 = {"--trusted-proxy", "127.0.0.1", "--forwarded-source",
                                            "forwarded"};
  const HeaderLines proto = {{"X-Forwarded-Proto", "https"}};
  const HeaderLines element = {{"Forwarded", "for=192.0.2.1;proto=http, for=192.0.2.2;proto=https"}};
  for (const Case& one :
       {Case{{}, proto, false}, Case{{}, element, false}, Case{trusting, proto, true},
        Case{trusting, element, false}, Case{trusting, {{"X-Forwarded-Proto", "https, http"}}, false},
        Case{trusting, {}, false}, Case{rfc7239, element, true}, Case{rfc7239, proto, false},
        Case{rfc7239, {{"Forwarded", "for=192.0.2.1;proto=http"}}, false},
        Case{{"--secure-cookies"}, {}, true}}) {
    ServerOptions options;
    options.flags = one.flags;
    OwnServer server(options);
    HttpClient client(server.process.port());
    const Response response = sign_in(client, "browser", one.headers);
    EXPECT_EQ(response.status, 200) << response.body;
    const std::string cookie = response.value("Set-Cookie");
    EXPECT_EQ(cookie.ends_with("; Secure"), one.is_secure) << cookie;
    EXPECT_EQ(cookie.starts_with("__Host-latchkey="), one.is_secure) << cookie;
    EXPECT_EQ(cookie.find("Domain"), std::string::npos) << cookie;
  }
}

TEST(S2, ItIsALoginLikeAnyOtherButForItsMediaType) {
  HttpClient client(common_server().port());
  const std::string agent = own_agent();
  const HeaderLines as_json = {{"User-Agent", agent}, {"Content-Type", kJsonType}};
  EXPECT_EQ(client.request("POST", kSessionPath, as_json, login_json(kUser, "wrong")).body, kUnableToLogIn);
  EXPECT_EQ(client.request("POST", kSessionPath, as_json, "{}").body,
            R"({"username":["This field is required."],"password":["This field is required."]})");
  const Response form =
      client.request("POST", kSessionPath, {{"Content-Type", kFormType}}, "username=a&password=b");
  EXPECT_EQ(form.status, 415) << "a form on another site could send it";
  const Response signed_in = sign_in(client, agent);
  EXPECT_EQ(signed_in.value("Set-Cookie").substr(kNameBytes, 40), obtain_token(client, agent))
      << "C-13 holds here too";
}

TEST(S2, SigningOutEndsTheTokenAndTheCookie) {
  Browser browser = browser_on(common_server(), own_agent());
  const Response response = browser.send("DELETE", kSessionPath);
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(cookies_of(response),
            (std::vector<std::string>{"latchkey=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0",
                                      "token=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"}));
  EXPECT_EQ(refusal_of(browser.get(kVerifyPath)), "Token is expired");
  EXPECT_EQ(browser.send("DELETE", kSessionPath).status, 204) << "once more, it tells nothing";
}

TEST(S2, SigningOutByAHeaderLeavesAnothersCookie) {
  Browser browser = browser_on(common_server(), own_agent());
  const std::string token = obtain_token(browser.client, own_agent() + " other");
  HeaderLines headers = {{"User-Agent", own_agent() + " other"},
                         {"Authorization", "Token " + token},
                         {"Cookie", browser.cookie}};
  const Response response = browser.client.request("DELETE", kSessionPath, headers);
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(response.lines("Set-Cookie"), 0U);
  EXPECT_EQ(browser.get(kVerifyPath).status, 200);
}

TEST(S2, ThePageIsForSigningInOrForOnesSessions) {
  HttpClient client(common_server().port());
  const Response before = client.request("GET", "/");
  EXPECT_EQ(before.status, 200);
  EXPECT_NE(before.body.find("<title>Sign in &#183; Latchkey</title>"), std::string::npos);
  Browser browser = browser_on(common_server(), own_agent());
  const Response after = browser.get("/");
  EXPECT_NE(after.body.find("<title>Sessions &#183; Latchkey</title>"), std::string::npos);
  EXPECT_NE(after.body.find(kUser), std::string::npos);
  EXPECT_NE(after.body.find(browser.csrf_token), std::string::npos);
}

TEST(S3, AnUnsafeRequestByCookieAloneNeedsTheSecondValue) {
  Browser browser = browser_on(common_server(), own_agent());
  const Browser other = browser_on(common_server(), own_agent() + " other");
  const std::string body = R"({"current_password":"correct horse","new_password":"battery staple"})";
  for (const std::string& value : {std::string(), std::string("00000000000000000000000000000000"),
                                   other.csrf_token, browser.csrf_token + "0"}) {
    HeaderLines headers = browser.headers(false);
    headers.emplace_back("Content-Type", kJsonType);
    if (!value.empty()) headers.emplace_back("X-CSRF-Token", value);
    for (const auto& [method, target] :
         {std::pair{"DELETE", kMyTokensPath}, std::pair{"DELETE", "/api/v2/me/tokens/1/"},
          std::pair{"POST", kMyPasswordPath}}) {
      const Response response = browser.client.request(method, target, headers, body);
      EXPECT_EQ(response.status, 403) << method << ' ' << target << ' ' << value;
      EXPECT_EQ(response.body, detail(kForged));
    }
  }
  EXPECT_EQ(browser.get(kVerifyPath).status, 200) << "nothing of it was done";
}

TEST(S3, NoSafeMethodChangesAnything) {
  OwnServer server;
  Browser browser = browser_on(server.process, "browser");
  const std::string kept = obtain_token(browser.client, "kept");
  const std::string before = browser.get(kMyTokensPath).body;
  const std::string openapi = browser.get("/api/openapi.json").body;
  simdjson::dom::parser parser;
  const simdjson::dom::object paths = parser.parse(openapi)["paths"].get_object().value();
  std::size_t asked = 0;
  for (const auto& path : paths) {
    for (const char* const method : {"GET", "HEAD", "OPTIONS"}) {
      for (const char* const form : {"", "?format=api", "?rd=https://evil.example/"}) {
        HeaderLines headers = browser.headers();
        headers.emplace_back("Sec-Fetch-Site", "cross-site");
        const std::string target = std::regex_replace(std::string(path.key), std::regex(R"(\{[^}]*\})"), "1");
        browser.client.request(method, target + form, headers);
        ++asked;
      }
    }
  }
  EXPECT_GT(asked, 100U);
  EXPECT_EQ(use_token(browser.client, kept, "kept").status, 200);
  const auto without_times = [](const std::string& text) {
    return std::regex_replace(text, std::regex(R"-("(last_used|expires)":"[^"]*")-"), "");
  };
  EXPECT_EQ(without_times(browser.get(kMyTokensPath).body), without_times(before));
  EXPECT_EQ(log_in(browser.client, "other").status, 200) << "the password is the same";
}

TEST(S3, WhatTheBrowserSaysComesFromElsewhereIsRefusedWithTheValueToo) {
  Browser browser = browser_on(common_server(), own_agent());
  for (const char* const site : {"cross-site", "same-site", "nonsense"}) {
    HeaderLines headers = browser.headers();
    headers.emplace_back("Sec-Fetch-Site", site);
    EXPECT_EQ(browser.client.request("DELETE", kMyTokensPath, headers).status, 403) << site;
    EXPECT_EQ(browser.client.request("DELETE", kSessionPath, headers).status, 403) << site;
    EXPECT_EQ(browser.client.request("DELETE", kTokenPath, headers).status, 403) << site;
    EXPECT_EQ(sign_in(browser.client, browser.agent, {{"Sec-Fetch-Site", site}}).status, 403) << site;
  }
  HeaderLines headers = browser.headers();
  headers.emplace_back("Sec-Fetch-Site", "same-origin");
  EXPECT_EQ(browser.client.request("DELETE", kMyTokensPath, headers).status, 204);
}

TEST(S3, EndingATokenByItsCookieIsRefusedToABrowserAloneWithoutTheValue) {
  Browser browser = browser_on(common_server(), own_agent());
  for (const char* const name : {"Origin", "Sec-Fetch-Site"}) {
    HeaderLines headers = browser.headers(false);
    headers.emplace_back(name, name == std::string("Origin") ? "http://127.0.0.1" : "same-origin");
    EXPECT_EQ(browser.client.request("DELETE", kTokenPath, headers).status, 403) << name;
    EXPECT_EQ(browser.client.request("DELETE", kSessionPath, headers).status, 403) << name;
  }
  EXPECT_EQ(browser.get(kVerifyPath).status, 200);
  EXPECT_EQ(browser.client.request("DELETE", kTokenPath, browser.headers(false)).status, 204)
      << "a client of the original, which is no browser";
  EXPECT_EQ(browser.get(kVerifyPath).status, 401);
}

TEST(S3, AFormOnAnotherSiteLogsNobodyIn) {
  HttpClient client(common_server().port());
  for (const char* const site : {"cross-site", "same-site"}) {
    const Response form =
        client.request("POST", kTokenPath, {{"Content-Type", kFormType}, {"Sec-Fetch-Site", site}},
                       "username=alice&password=wrong");
    EXPECT_EQ(form.status, 403) << site;
    EXPECT_EQ(form.body, detail(kForged)) << site;
  }
  const HeaderLines as_json = {
      {"Content-Type", kJsonType}, {"Sec-Fetch-Site", "cross-site"}, {"User-Agent", own_agent()}};
  EXPECT_EQ(post_login(client, login_json(kUser, kPassword), as_json).status, 200)
      << "a browser asks here before it";
}

TEST(S3, ATokenInAHeaderNeedsNoneOfIt) {
  HttpClient client(common_server().port());
  const std::string agent = own_agent();
  const std::string token = obtain_token(client, agent);
  EXPECT_EQ(use_token(client, token, agent, kMyTokensPath, "DELETE").status, 204);
}

TEST(S3, SafeMethodsNeedNoneOfIt) {
  Browser browser = browser_on(common_server(), own_agent());
  EXPECT_EQ(browser.client.request("GET", kMyTokensPath, browser.headers(false)).status, 200);
}

struct Listed {
  std::uint64_t count = 0;
  std::string next;  // empty: null
  std::vector<std::uint64_t> ids;
  std::vector<std::string> agents;
  std::vector<bool> current;
};

Listed listed(const Response& response) {
  EXPECT_EQ(response.status, 200) << response.body;
  simdjson::dom::parser parser;
  const simdjson::dom::element root = parser.parse(response.body);
  Listed list;
  list.count = root["count"];
  if (!root["next"].is_null()) list.next = std::string_view(root["next"]);
  const simdjson::dom::array results = root["results"].get_array().value();
  for (const simdjson::dom::element token : results) {
    list.ids.push_back(token["id"]);
    list.agents.emplace_back(std::string_view(token["agent"]));
    list.current.push_back(token["current"]);
    EXPECT_EQ(std::string_view(token["address"]), "127.0.0.1");
    for (const char* const time : {"created", "last_used", "expires"}) {
      EXPECT_GT(parse_expires(token[time].get_string().value()), 0) << time;
    }
  }
  return list;
}

TEST(S4, OnesTokensAreListedNewestFirstAndNeverShown) {
  OwnServer server;
  add_user(server.process.data(), "bob", kPassword);
  HttpClient client(server.process.port());
  const std::string first = obtain_token(client, "one");
  obtain_token(client, "bobs", "bob");
  const std::string second = obtain_token(client, "two");
  const Response response = use_token(client, first, "one", kMyTokensPath);
  const Listed list = listed(response);
  EXPECT_EQ(list.count, 2U);
  EXPECT_EQ(list.next, "");
  EXPECT_EQ(list.agents, (std::vector<std::string>{"two", "one"}));
  EXPECT_EQ(list.current, (std::vector<bool>{false, true}));
  EXPECT_EQ(response.body.find(first), std::string::npos);
  EXPECT_EQ(response.body.find(second), std::string::npos);
  EXPECT_EQ(response.value("Cache-Control"), "no-store");
}

TEST(S4, AHundredAreAPageAndNextLeadsOn) {
  OwnServer server;
  HttpClient client(server.process.port());
  std::string token;
  for (int i = 0; i < 101; ++i) token = obtain_token(client, "agent " + std::to_string(i));
  const Listed first = listed(use_token(client, token, "agent 100", kMyTokensPath));
  EXPECT_EQ(first.ids.size(), 100U);
  EXPECT_EQ(first.count, 101U);
  ASSERT_NE(first.next, "");
  const Listed rest = listed(use_token(client, token, "agent 100", first.next));
  EXPECT_EQ(rest.agents, (std::vector<std::string>{"agent 0"}));
  EXPECT_EQ(rest.next, "");
  for (const char* const before : {"", "0", "x", "-1", "1x", "99999999999999999999"}) {
    const Response wrong =
        use_token(client, token, "agent 100", std::string(kMyTokensPath) + "?before=" + before);
    EXPECT_EQ(wrong.status, 400) << before;
  }
}

TEST(S4, OneOfThemEndsAloneAndOnlyOnesOwn) {
  OwnServer server;
  add_user(server.process.data(), "bob", kPassword);
  HttpClient client(server.process.port());
  const std::string kept = obtain_token(client, "kept");
  const std::string ended = obtain_token(client, "ended");
  const std::string bobs = obtain_token(client, "bobs", "bob");
  const auto item = [](std::uint64_t id) { return std::string(kMyTokensPath) + std::to_string(id) + '/'; };
  const std::uint64_t id_of_ended = listed(use_token(client, kept, "kept", kMyTokensPath)).ids.at(0);
  const std::uint64_t id_of_bobs = listed(use_token(client, bobs, "bobs", kMyTokensPath)).ids.at(0);

  EXPECT_EQ(use_token(client, kept, "kept", item(id_of_bobs), "DELETE").status, 404);
  EXPECT_EQ(use_token(client, bobs, "bobs").status, 200);
  EXPECT_EQ(use_token(client, kept, "kept", item(id_of_ended), "DELETE").status, 204);
  EXPECT_EQ(refusal_of(use_token(client, ended, "ended")), "Token is expired");
  EXPECT_EQ(use_token(client, kept, "kept", item(id_of_ended), "DELETE").status, 404);
  for (const char* const id : {"0", "01", "x", "-1", "99999999999999999999", "1x"}) {
    EXPECT_EQ(use_token(client, kept, "kept", std::string(kMyTokensPath) + id + '/', "DELETE").status, 404)
        << id;
  }
  EXPECT_EQ(client.request("DELETE", item(1)).status, 401);
  EXPECT_EQ(use_token(client, kept, "kept").status, 200);
}

TEST(S4, AllOfThemEndTogether) {
  OwnServer server;
  HttpClient client(server.process.port());
  const std::string one = obtain_token(client, "one");
  const std::string two = obtain_token(client, "two");
  EXPECT_EQ(use_token(client, one, "one", kMyTokensPath, "DELETE").status, 204);
  EXPECT_EQ(refusal_of(use_token(client, one, "one")), "Token is expired");
  EXPECT_EQ(refusal_of(use_token(client, two, "two")), "Token is expired");
}

TEST(S4, WithoutTextTheListHasNeitherAddressNorAgent) {
  ServerOptions options;
  options.flags = {"--session-text=false"};
  OwnServer server(options);
  HttpClient client(server.process.port());
  const std::string token = obtain_token(client, "one");
  const Response response = use_token(client, token, "one", kMyTokensPath);
  EXPECT_NE(response.body.find(R"("address":"","agent":"")"), std::string::npos) << response.body;
}

std::string password_json(const std::string& current, const std::string& fresh) {
  return R"({"current_password":")" + current + R"(","new_password":")" + fresh + "\"}";
}

TEST(S5, ANewPasswordCountsAtOnceAndEndsTheOtherTokens) {
  OwnServer server;
  HttpClient client(server.process.port());
  const std::string other = obtain_token(client, "other");
  Browser browser = browser_on(server.process, "browser");
  const Response changed = browser.send("POST", kMyPasswordPath, password_json(kPassword, "battery staple"));
  EXPECT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(changed.body, R"({"ended":1})");
  EXPECT_EQ(refusal_of(use_token(client, other, "other")), "Token is expired");
  EXPECT_EQ(browser.get(kVerifyPath).status, 200) << "the session that changed it goes on";
  EXPECT_EQ(log_in(client, "other").body, kUnableToLogIn);
  EXPECT_EQ(log_in(client, "other", kUser, "battery staple").status, 200);
}

TEST(S5, ItOutlivesAKill) {
  OwnServer server;
  Browser browser = browser_on(server.process, "browser");
  ASSERT_EQ(browser.send("POST", kMyPasswordPath, password_json(kPassword, "battery staple")).status, 200);
  server.process.kill();
  server.process.start_again();
  HttpClient client(server.process.port());
  EXPECT_EQ(log_in(client, "other").body, kUnableToLogIn);
  EXPECT_EQ(log_in(client, "other", kUser, "battery staple").status, 200);
}

TEST(S5, TheCurrentPasswordMustBeRight) {
  OwnServer server;
  Browser browser = browser_on(server.process, "browser");
  const Response refused = browser.send("POST", kMyPasswordPath, password_json("wrong", "battery staple"));
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.body, R"({"current_password":["Invalid password."]})");
  HttpClient client(server.process.port());
  EXPECT_EQ(log_in(client, "other").status, 200);
}

TEST(S5, TheNewOneHasItsBounds) {
  OwnServer server;
  Browser browser = browser_on(server.process, "browser");
  EXPECT_EQ(browser.send("POST", kMyPasswordPath, password_json(kPassword, "1234567")).body,
            R"({"new_password":["Ensure this field has at least 8 characters."]})");
  EXPECT_EQ(browser.send("POST", kMyPasswordPath, password_json(kPassword, std::string(4097, 'p'))).body,
            R"({"new_password":["Ensure this field has no more than 4096 characters."]})");
  EXPECT_EQ(browser.send("POST", kMyPasswordPath, "{}").body,
            R"({"current_password":["This field is required."],"new_password":["This field is required."]})");
  EXPECT_EQ(browser.send("POST", kMyPasswordPath, password_json(kPassword, "12345678")).status, 200);
}

TEST(S4, EveryAnswerToATokenCarriesTheTimeoutAndIsKeptByNobody) {
  HttpClient client(common_server().port());
  const std::string agent = own_agent();
  const std::string token = obtain_token(client, agent);
  for (const auto& [method, target] :
       {std::pair{"GET", kMePath}, std::pair{"GET", kMyTokensPath},
        std::pair{"GET", "/api/v2/me/tokens/?before=x"}, std::pair{"DELETE", "/api/v2/me/tokens/0/"},
        std::pair{"POST", kMyPasswordPath}, std::pair{"GET", kSessionPath},
        std::pair{"DELETE", kMyTokensPath}}) {
    const Response response = use_token(client, token, agent, target, method);
    EXPECT_EQ(response.value("Auth-Token-Timeout"), "1800")
        << method << ' ' << target << ' ' << response.status;
    EXPECT_EQ(response.value("Cache-Control"), "no-store") << method << ' ' << target;
  }
}

TEST(S5, APasswordThatAnAdministratorSetsMeanwhileStays) {
  OwnServer server;
  Browser browser = browser_on(server.process, "browser");
  ASSERT_EQ(run_latchkey(server.process.data(), {"user", "passwd", kUser, "--password-stdin"},
                         "set by the administrator")
                .status,
            0);
  EXPECT_EQ(browser.send("POST", kMyPasswordPath, password_json(kPassword, "battery staple")).status, 401);
  HttpClient client(server.process.port());
  EXPECT_EQ(log_in(client, "other", kUser, "set by the administrator").status, 200);
}

TEST(S5, ByBasicAllTokensEnd) {
  OwnServer server;
  HttpClient client(server.process.port());
  const std::string token = obtain_token(client, "one");
  // base64 of "alice:correct horse".
  const Response changed =
      client.request("POST", kMyPasswordPath,
                     {{"Authorization", "Basic YWxpY2U6Y29ycmVjdCBob3JzZQ=="}, {"Content-Type", kJsonType}},
                     password_json(kPassword, "battery staple"));
  EXPECT_EQ(changed.body, R"({"ended":1})");
  EXPECT_EQ(refusal_of(use_token(client, token, "one")), "Token is expired");
}

}  // namespace
}  // namespace latchkey::test
