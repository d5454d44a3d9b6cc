// For the tests of what Latchkey has beyond the original: signing in as a browser does, and its cookie.
// Thread: a test's own.
#pragma once

#include <gtest/gtest.h>
#include <simdjson.h>

#include <string>
#include <vector>

#include "support/rig.h"

namespace latchkey::test {

inline constexpr const char* kSessionPath = "/api/v2/session/";
inline constexpr const char* kMyTokensPath = "/api/v2/me/tokens/";
inline constexpr const char* kMyPasswordPath = "/api/v2/me/password/";
inline constexpr const char* kForged = "CSRF Failed: CSRF token missing or incorrect.";

/// One browser: its cookie, and the value that unsafe requests carry.
struct Browser {
  HttpClient client;
  std::string agent;
  std::string cookie;  // `latchkey=...`
  std::string csrf_token;

  HeaderLines headers(bool with_csrf_token = true) const {
    HeaderLines lines = {{"User-Agent", agent}, {"Cookie", cookie}};
    if (with_csrf_token) lines.emplace_back("X-CSRF-Token", csrf_token);
    return lines;
  }
  Response get(const std::string& target) { return client.request("GET", target, headers()); }
  Response send(const std::string& method, const std::string& target, const std::string& json = {}) {
    HeaderLines lines = headers();
    if (!json.empty()) lines.emplace_back("Content-Type", kJsonType);
    return client.request(method, target, lines, json);
  }
};

inline std::string member(const Response& response, const char* name) {
  simdjson::dom::parser parser;
  return std::string(std::string_view(parser.parse(response.body)[name]));
}

/// The values of all `Set-Cookie` lines.
inline std::vector<std::string> cookies_of(const Response& response) {
  std::vector<std::string> values;
  for (const auto& [name, value] : response.headers) {
    if (name == "Set-Cookie") values.push_back(value);
  }
  return values;
}

inline Response sign_in(HttpClient& client, const std::string& agent, const HeaderLines& further = {}) {
  HeaderLines lines = {{"User-Agent", agent}, {"Content-Type", kJsonType}};
  lines.insert(lines.end(), further.begin(), further.end());
  return client.request("POST", kSessionPath, lines, login_json(kUser, kPassword));
}

inline Browser browser_on(const ServerProcess& server, const std::string& agent) {
  Browser browser{HttpClient(server.port()), agent, {}, {}};
  const Response response = sign_in(browser.client, agent);
  EXPECT_EQ(response.status, 200) << response.body;
  const std::string set = response.value("Set-Cookie");
  browser.cookie = set.substr(0, set.find(';'));
  browser.csrf_token = member(response, "csrf_token");
  return browser;
}

}  // namespace latchkey::test
