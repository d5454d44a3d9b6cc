// The page of a resource (B-1, C-3), and how it differs from the JSON answer (S-1). tests/browser tests what
// it does in a browser.
#include <gtest/gtest.h>

#include "support/rig.h"

namespace latchkey::test {
namespace {

const HeaderLines kAsPage = {{"Accept", "text/html"}};

Response page_of(const std::string& target) {
  HttpClient client(common_server().port());
  return client.request("GET", target, kAsPage);
}

void expect_shows(const Response& page, std::string_view text) {
  EXPECT_NE(page.body.find(text), std::string::npos) << text << "\nis not in\n" << page.body;
}

TEST(B1, TheTokenResourcesPageShowsTheExchangeAsPublished) {
  const Response page = page_of(kTokenPath);
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.value("Content-Type"), "text/html; charset=utf-8");
  expect_shows(page, "<title>Auth Token &#183; Latchkey</title>");
  expect_shows(page, "GET /api/v2/authtoken/");
  expect_shows(page, "HTTP 200 OK");
  expect_shows(page, "{\n    &quot;detail&quot;: &quot;Method &apos;GET&apos; not allowed.&quot;\n}");
  for (const char* const header :
       {"<dt>Allow</dt><dd>POST, DELETE, OPTIONS</dd>", "<dt>Content-Type</dt><dd>application/json</dd>",
        "<dt>Vary</dt><dd>Accept</dd>", "<dt>X-API-Node</dt><dd>localhost</dd>", "<dt>X-API-Time</dt>"}) {
    expect_shows(page, header);
  }
}

TEST(C3, AGetOfTheTokenResourceIs405AsJsonAndAPageWith200) {
  HttpClient client(common_server().port());
  const Response json = client.request("GET", kTokenPath);
  EXPECT_EQ(json.status, 405);
  EXPECT_EQ(json.body, detail("Method 'GET' not allowed."));
  const Response page = page_of(kTokenPath);
  EXPECT_EQ(page.status, 200);
  expect_shows(page, "HTTP 200 OK");
  expect_shows(page, "Method &apos;GET&apos; not allowed.");
  EXPECT_EQ(page.value("Allow"), "POST, DELETE, OPTIONS");
}

TEST(B1, ItHasTheWayToTheResourceItsNameAndItsDescription) {
  const Response page = page_of(kTokenPath);
  for (const char* const part :
       {R"(href="/api/")", R"(href="/api/v2/")", "<h1>Auth Token</h1>",
        "POST a username and a password to obtain a token",
        "{&quot;username&quot;: &quot;user&quot;, &quot;password&quot;: &quot;my pass&quot;}"}) {
    expect_shows(page, part);
  }
}

TEST(B1, ItsButtonsAreTheMethodsThatAreAllowed) {
  const Response token = page_of(kTokenPath);
  for (const char* const part : {R"(data-send="OPTIONS")", R"(data-send="GET")", R"(data-send="DELETE")",
                                 "/api/v2/authtoken/?format=json", "/api/v2/authtoken/?format=api"}) {
    expect_shows(token, part);
  }
  const Response ping = page_of("/api/v2/ping/");
  EXPECT_EQ(ping.body.find(R"(data-send="DELETE")"), std::string::npos);
  EXPECT_EQ(ping.body.find("<textarea"), std::string::npos) << "nothing can be posted there";
}

TEST(B1, WherePostIsAllowedAFormHoldsAnEmptyBodyOfEachMediaType) {
  const Response page = page_of(kTokenPath);
  expect_shows(page, "{&quot;username&quot;: &quot;&quot;, &quot;password&quot;: &quot;&quot;}</textarea>");
  expect_shows(page, "application/json");
  expect_shows(page, "application/x-www-form-urlencoded");
  expect_shows(page, "multipart/form-data");
}

TEST(B1, EveryNegotiatedResourceHasAPage) {
  for (const char* const target :
       {"/api/", "/api/v1/", "/api/v2/", "/api/v2/ping/", "/api/openapi.json", "/api/v1/authtoken/",
        "/api/v2/authtoken/", "/api/v2/me/password/", "/api/v2/me/tokens/7/"}) {
    const Response page = page_of(target);
    EXPECT_EQ(page.status, 200) << target;
    EXPECT_EQ(page.value("Content-Type"), "text/html; charset=utf-8") << target;
  }
  for (const char* const target : {"/api/v2/me/", "/api/v2/me/tokens/", "/api/v2/session/"}) {
    const Response page = page_of(target);
    EXPECT_EQ(page.status, 401) << target;
    expect_shows(page, "Authentication credentials were not provided.");
  }
}

TEST(B1, APageLoadsNothingFromElsewhereAndNothingInline) {
  for (const char* const target : {"/", kTokenPath}) {
    const Response page = page_of(target);
    const std::string policy = page.value("Content-Security-Policy");
    EXPECT_TRUE(policy.starts_with("default-src 'none'")) << policy;
    EXPECT_EQ(policy.find("unsafe"), std::string::npos) << policy;
    EXPECT_EQ(page.value("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(page.value("Cache-Control"), "no-store");
    for (const char* const inline_part :
         {"<style", " style=", " onclick=", " onload=", "javascript:", "http://", "https://"}) {
      EXPECT_EQ(page.body.find(inline_part), std::string::npos) << target << ' ' << inline_part;
    }
  }
}

TEST(B1, WhatComesFromTheRequestIsEscaped) {
  const Response page = page_of("/api/v2/ping/?a=<script>alert(1)</script>&\"'");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body.find("<script>alert"), std::string::npos);
  expect_shows(page, "a=&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&apos;");
  const Response unknown = page_of("/<img/src=x>");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.body.find("<img/src"), std::string::npos);
}

TEST(B1, ItsFilesAreServedWithTheirTypesAndMayBeKeptUnderTheirVersion) {
  HttpClient client(common_server().port());
  const Response page = client.request("GET", kTokenPath, kAsPage);
  for (const auto& [name, type] :
       {std::pair{"style.css", "text/css; charset=utf-8"},
        std::pair{"script.js", "text/javascript; charset=utf-8"}, std::pair{"icon.svg", "image/svg+xml"}}) {
    const std::string path = std::string("/api/static/") + name;
    const std::size_t at = page.body.find(path + "?");
    ASSERT_NE(at, std::string::npos) << name;
    const std::string versioned = page.body.substr(at, page.body.find('"', at) - at);
    const Response file = client.request("GET", versioned);
    EXPECT_EQ(file.status, 200) << versioned;
    EXPECT_EQ(file.value("Content-Type"), type);
    EXPECT_EQ(file.value("Cache-Control"), "public, max-age=31536000, immutable");
    EXPECT_EQ(client.request("GET", path).value("Cache-Control"), "no-cache");
  }
  EXPECT_EQ(client.request("GET", "/api/static/resource.html").status, 404) << "a template is no file";
  EXPECT_EQ(client.request("GET", "/api/static/../api.cc").status, 404);
}

TEST(S1, APageHasTheStatusOfTheExchangeButForTheGetOfAResourceWithoutOne) {
  EXPECT_EQ(page_of(kTokenPath).status, 200);
  EXPECT_EQ(page_of("/nothing/").status, 404);
  EXPECT_EQ(page_of(kMePath).status, 401);
  HttpClient client(common_server().port());
  EXPECT_EQ(client.request("PUT", kTokenPath, kAsPage).status, 405);
  EXPECT_EQ(
      client.request("POST", kTokenPath, {{"Accept", "text/html"}, {"Content-Type", kJsonType}}, "{}").status,
      400);
  EXPECT_EQ(client.request("DELETE", kTokenPath, kAsPage).status, 204);
}

TEST(S1, WhereJsonIsChallengedWithBasicAPageIsWithToken) {
  HttpClient client(common_server().port());
  EXPECT_EQ(client.request("GET", kMePath).value("WWW-Authenticate"), "Basic realm=\"api\"");
  EXPECT_EQ(client.request("GET", kMePath, kAsPage).value("WWW-Authenticate"), "Token");
}

TEST(S1, AScriptsRequestIsChallengedWithTokenSoThatNoDialogOpens) {
  HttpClient client(common_server().port());
  const Response response = client.request("GET", kMePath, {{"X-Requested-With", "XMLHttpRequest"}});
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.value("WWW-Authenticate"), "Token");
}

TEST(S1, APageNeverShowsTheCookieThatItsAnswerSets) {
  HttpClient client(common_server().port());
  const Response page =
      client.request("POST", "/api/v2/session/",
                     {{"Accept", "text/html"}, {"Content-Type", kJsonType}, {"User-Agent", own_agent()}},
                     login_json(kUser, kPassword));
  EXPECT_EQ(page.status, 200);
  const std::string cookie = page.value("Set-Cookie");
  const std::string name = "latchkey=";
  ASSERT_TRUE(cookie.starts_with(name));
  EXPECT_EQ(page.body.find(cookie.substr(name.size(), 40)), std::string::npos);
}

TEST(S1, TheHeadersOfTheAnswerGoOutWithThePageToo) {
  HttpClient client(common_server().port());
  const Response page = client.request(
      "POST", kTokenPath, {{"Accept", "text/html"}, {"Content-Type", kJsonType}, {"User-Agent", own_agent()}},
      login_json(kUser, kPassword));
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.value("Allow"), "POST, DELETE, OPTIONS");
  EXPECT_EQ(page.value("Auth-Token-Timeout"), "1800");
  EXPECT_EQ(page.lines("Cache-Control"), 1U);
  EXPECT_EQ(page.value("Cache-Control"), "max-age=0, no-cache, no-store, must-revalidate");
  EXPECT_EQ(page.value("Pragma"), "no-cache");
  expect_shows(page, "&quot;token&quot;: &quot;");
}

TEST(S1, APageMayBeAskedForByHeadWhereGetIs) {
  HttpClient client(common_server().port());
  client.send("HEAD /api/v2/ping/ HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n");
  const Response page = client.receive(true);
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.value("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(client.request("GET", "/api/v2/ping/").status, 200) << "no body followed";
}

}  // namespace
}  // namespace latchkey::test
