// Forms of other sites, recognised by their Origin if the browser says nothing more (S-3).
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/rig.h"

namespace latchkey::test {
namespace {

constexpr const char* kForged = "CSRF Failed: CSRF token missing or incorrect.";
constexpr const char* kForm = "username=alice&password=correct%20horse";

/// Sends a login by a form, with these headers instead of those that the client would send.
Response post_form(HttpClient& client, const std::string& host, HeaderLines further,
                   const std::string& type = kFormType, const std::string& path = kTokenPath,
                   const std::string& body = kForm) {
  std::string bytes = "POST " + path + " HTTP/1.1\r\nHost: " + host + "\r\nUser-Agent: " + own_agent() +
                      "\r\nContent-Type: " + type + "\r\nContent-Length: " + std::to_string(body.size()) +
                      "\r\n";
  for (const auto& [name, value] : further) bytes.append(name + ": " + value + "\r\n");
  client.send(bytes + "\r\n" + body);
  return client.receive();
}

TEST(S3, AFormWhoseOriginIsAnotherSiteLogsNobodyIn) {
  HttpClient client(common_server().port());
  for (const char* const origin :
       {"http://evil.example", "http://auth.example:8081", "https://auth.example",
        "http://auth.example.evil.example", "http://evil-auth.example", "http://auth.example@evil.example",
        "null", "", "file://", "auth.example:8080", "chrome-extension://auth.example:8080",
        "http://auth.example:8080/", "http://auth.example:8080 http://x", "http://auth.example:99999",
        "http://"}) {
    const Response response = post_form(client, "auth.example:8080", {{"Origin", origin}});
    EXPECT_EQ(response.status, 403) << origin;
    EXPECT_EQ(response.body, detail(kForged)) << origin;
  }
}

TEST(S3, AFormOfThisSiteLogsIn) {
  HttpClient client(common_server().port());
  const std::vector<std::pair<std::string, std::string>> pairs = {
      {"auth.example:8080", "http://auth.example:8080"},
      {"Auth.Example:8080", "HTTP://AUTH.example:8080"},
      {"auth.example", "http://auth.example"},
      {"auth.example:80", "http://auth.example"},
      {"auth.example", "http://auth.example:80"},
      {"auth.example", "https://auth.example"},
      {"auth.example:443", "https://auth.example"},
      {"[::1]:8080", "http://[::1]:8080"},
      {"[0:0:0:0:0:0:0:1]", "http://[::1]"},
      {"127.0.0.1:8080", "http://127.0.0.1:8080"},
  };
  for (const auto& [host, origin] : pairs)
    EXPECT_EQ(post_form(client, host, {{"Origin", origin}}).status, 200) << host << ' ' << origin;
  EXPECT_EQ(post_form(client, "auth.example", {}).status, 200) << "who sends no Origin is no browser";
}

TEST(S3, DefaultPortsAreTheSchemesOwn) {
  HttpClient client(common_server().port());
  EXPECT_EQ(post_form(client, "auth.example:443", {{"Origin", "http://auth.example"}}).status, 403);
  EXPECT_EQ(post_form(client, "auth.example:80", {{"Origin", "https://auth.example"}}).status, 403);
  EXPECT_EQ(post_form(client, "[::1]", {{"Origin", "http://[::2]"}}).status, 403);
}

TEST(S3, SeveralOriginsAreOfNoSite) {
  HttpClient client(common_server().port());
  const HeaderLines twice = {{"Origin", "http://auth.example"}, {"Origin", "http://auth.example"}};
  EXPECT_EQ(post_form(client, "auth.example", twice).status, 403);
}

TEST(S3, WhatTheBrowserSaysOfTheSiteBeatsTheOrigin) {
  HttpClient client(common_server().port());
  const HeaderLines same = {{"Origin", "http://proxied.example"}, {"Sec-Fetch-Site", "same-origin"}};
  EXPECT_EQ(post_form(client, "auth.example", same).status, 200);
  const HeaderLines cross = {{"Origin", "http://auth.example"}, {"Sec-Fetch-Site", "cross-site"}};
  EXPECT_EQ(post_form(client, "auth.example", cross).status, 403);
}

TEST(S3, TheOriginCountsForEveryTypeThatAFormCanSendAndForEveryResourceThatReadsOne) {
  HttpClient client(common_server().port());
  for (const char* const path :
       {kTokenPath, "/api/v1/authtoken/", "/api/v2/session/", "/api/v2/me/password/"}) {
    for (const char* const type :
         {kFormType, "multipart/form-data; boundary=x", "text/plain", "text/plain; application/json"}) {
      const Response response =
          post_form(client, "auth.example", {{"Origin", "https://evil.example"}}, type, path);
      EXPECT_EQ(response.status, 403) << path << ' ' << type;
      EXPECT_EQ(response.body, detail(kForged)) << path << ' ' << type;
    }
  }
  EXPECT_EQ(post_form(client, "auth.example", {{"Origin", "https://evil.example"}}, kJsonType, kTokenPath,
                      login_json(kUser, kPassword))
                .status,
            200)
      << "a browser asks here before it sends JSON";
}

TEST(S3, BehindATrustedProxyTheOriginIsHeldAgainstWhatTheProxySays) {
  OwnServer server({.flags = {"--trusted-proxy", "127.0.0.1"}});
  HttpClient client(server.process.port());
  const auto status = [&client](const std::string& origin, HeaderLines further) {
    further.emplace_back("Origin", origin);
    return post_form(client, "127.0.0.1:8080", std::move(further)).status;
  };
  const HeaderLines forwarded = {{"X-Forwarded-Host", "auth.example"}, {"X-Forwarded-Proto", "https"}};
  EXPECT_EQ(status("https://auth.example", forwarded), 200);
  EXPECT_EQ(status("https://auth.example:443", forwarded), 200);
  EXPECT_EQ(status("http://auth.example", forwarded), 403) << "the scheme is known";
  EXPECT_EQ(status("https://127.0.0.1:8080", forwarded), 403);
  EXPECT_EQ(status("https://auth.example", {{"X-Forwarded-Host", "auth.example"}}), 200)
      << "the scheme is not known";
  EXPECT_EQ(status("http://127.0.0.1:8080", {}), 200) << "a proxy that passes Host on";
  EXPECT_EQ(status("https://evil.example", {{"X-Forwarded-Host", "evil.example, auth.example"}}), 403)
      << "the last hop's word counts";
}

TEST(S3, BehindAProxyThatForwardsByRfc7239ItsHostCounts) {
  OwnServer server({.flags = {"--trusted-proxy", "127.0.0.1", "--forwarded-source", "forwarded"}});
  HttpClient client(server.process.port());
  const auto status = [&client](const std::string& origin, const std::string& name,
                                const std::string& value) {
    return post_form(client, "127.0.0.1:8080", {{"Origin", origin}, {name, value}}).status;
  };
  EXPECT_EQ(status("https://auth.example", "Forwarded", "for=192.0.2.1;host=auth.example;proto=https"), 200);
  EXPECT_EQ(status("https://evil.example", "Forwarded", "for=192.0.2.1;host=auth.example;proto=https"), 403);
  EXPECT_EQ(status("https://auth.example", "X-Forwarded-Host", "auth.example"), 403)
      << "not the believed source";
}

TEST(S3, WhatAnyoneElseForwardsIsIgnored) {
  HttpClient client(common_server().port());
  EXPECT_EQ(post_form(client, "auth.example",
                      {{"Origin", "http://evil.example"}, {"X-Forwarded-Host", "evil.example"}})
                .status,
            403);
}

}  // namespace
}  // namespace latchkey::test
