// Answers about credentials must not be cached or taken for another type, whatever they say (C-4).
#include <gtest/gtest.h>
#include <simdjson.h>

#include <string>
#include <vector>

#include "support/rig.h"

namespace latchkey::test {
namespace {

/// The paths in the server's own description, with a value in place of each name in braces.
std::vector<std::string> paths_of(HttpClient& client) {
  simdjson::dom::parser parser;
  const Response response = client.request("GET", "/api/openapi.json");
  std::vector<std::string> paths;
  const simdjson::dom::object described = parser.parse(response.body)["paths"].get_object().value();
  for (const auto& path : described) {
    std::string target(path.key);
    if (const std::size_t brace = target.find('{'); brace != std::string::npos)
      target.replace(brace, target.find('}') - brace + 1, "7");
    paths.push_back(std::move(target));
  }
  return paths;
}

/// Resources that are the same for everybody and say nothing of a credential. All others are new or about
/// one.
bool is_public(const std::string& path) {
  return path.find("/static/") != std::string::npos || path.ends_with("/ping/") || path == "/api/" ||
         path == "/api/v1/" || path == "/api/v2/" || path == "/api/openapi.json";
}

void expect_not_kept(const Response& response, const std::string& what) {
  EXPECT_EQ(response.lines("Cache-Control"), 1U) << what;
  EXPECT_NE(response.value("Cache-Control").find("no-store"), std::string::npos)
      << what << ' ' << response.status;
  EXPECT_EQ(response.lines("X-Content-Type-Options"), 1U) << what;
  EXPECT_EQ(response.value("X-Content-Type-Options"), "nosniff") << what << ' ' << response.status;
}

TEST(C4, NoAnswerOfAResourceWithCredentialsIsKept) {
  HttpClient client(common_server().port());
  const std::string agent = own_agent();
  const std::string token = obtain_token(client, agent);
  const std::vector<HeaderLines> kinds = {
      {},
      {{"Authorization", "Token " + token}, {"User-Agent", agent}},
      {{"Authorization", "Token 0000000000000000000000000000000000000000"}},
      {{"Authorization", "Token two words"}},
      {{"Authorization", "Basic *"}},
      {{"Cookie", "token=a; token=b"}},
      {{"Cookie", "token=" + token}, {"User-Agent", agent}},
      {{"Accept", "text/html"}},
      {{"Accept", "text/html"}, {"Cookie", "token=" + token}, {"User-Agent", agent}},
      {{"Accept", "application/json; indent=4"}},
      {{"Accept", "image/png"}},
      {{"Content-Type", "text/plain"}, {"Origin", "https://evil.example"}},
  };
  std::size_t looked_at = 0;
  for (const std::string& path : paths_of(client)) {
    if (is_public(path)) continue;
    for (const std::string& target : {path, path + "?format=xml", path + "?format=api"}) {
      for (const char* const method : {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"}) {
        // It would end the token that the other requests need.
        if (method == std::string("DELETE") && !path.starts_with("/auth/verify")) continue;
        for (const HeaderLines& headers : kinds) {
          const Response response = client.request(method, target, headers);
          expect_not_kept(response, std::string(method) + ' ' + target);
          ++looked_at;
        }
      }
      expect_not_kept(client.request("DELETE", target), "DELETE " + target);
    }
  }
  EXPECT_GT(looked_at, 1000U);
}

// Any page says who looks at it, whatever resource it belongs to.
TEST(C4, NoPageIsKept) {
  HttpClient client(common_server().port());
  const std::string agent = own_agent();
  const std::string token = obtain_token(client, agent);
  for (const std::string& path : paths_of(client)) {
    if (path.find("/static/") != std::string::npos || path.starts_with("/auth/verify")) continue;
    const HeaderLines headers = {
        {"Accept", "text/html"}, {"Cookie", "token=" + token}, {"User-Agent", agent}};
    expect_not_kept(client.request("GET", path, headers), path);
  }
}

TEST(C4, NoLoginIsKeptWhateverComesOfIt) {
  HttpClient client(common_server().port());
  for (const char* const path : {kTokenPath, "/api/v1/authtoken/", "/api/v2/session/"}) {
    for (const std::string& body :
         {login_json(kUser, kPassword), login_json(kUser, "wrong"), std::string("{}"), std::string("{"),
          std::string("null"), std::string()}) {
      const HeaderLines headers = {{"Content-Type", kJsonType}, {"User-Agent", own_agent()}};
      expect_not_kept(client.request("POST", path, headers, body), std::string(path) + ' ' + body);
    }
  }
}

TEST(C4, WhatTheConnectionItselfRefusesIsNotKept) {
  for (const std::string head :
       {"POST /api/v2/authtoken/ HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n",
        "GET /auth/verify HTTP/1.1\r\n\r\n",
        "GET /api/v2/ping/ HTTP/1.1\r\nHost: a\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n",
        "POST /api/v2/session/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx"}) {
    HttpClient client(common_server().port());
    client.send(head);
    expect_not_kept(client.receive(), head);
  }
}

TEST(C4, AnswersThatTheServerCannotGiveAreNotKept) {
  OwnServer server({.flags = {"--login-failures-by-address", "1"}, .throttle = true});
  HttpClient client(server.process.port());
  Response response;
  for (int i = 0; i < 3; ++i) {
    response = log_in(client, own_agent(), kUser, "wrong");
    expect_not_kept(response, "login");
  }
  EXPECT_EQ(response.status, 429);
}

}  // namespace
}  // namespace latchkey::test
