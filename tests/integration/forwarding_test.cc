// What the log says if there is a proxy in front of the server and the settings do not say so, or do not say
// how it names its clients. Nothing else would show that all of them are taken for one client (C-34).
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "support/rig.h"

namespace latchkey::test {
namespace {

constexpr const char* kPingPath = "/api/v2/ping/";

/// Stops the server and returns the lines of this event in its log.
std::vector<std::string> lines_at_end(OwnServer& server, const std::string& event) {
  EXPECT_EQ(server.process.stop(), 0);
  std::vector<std::string> lines;
  std::istringstream log(server.process.log());
  for (std::string line; std::getline(log, line);) {
    if (line.find("event=" + event + " ") != std::string::npos) lines.push_back(line);
  }
  return lines;
}

bool has(const std::string& line, const std::string& text) { return line.find(text) != std::string::npos; }

int ping(HttpClient& client, const HeaderLines& headers = {}) {
  return client.request("GET", kPingPath, headers).status;
}

void log_in_with(HttpClient& client, HeaderLines headers) {
  headers.emplace_back("Content-Type", kJsonType);
  EXPECT_EQ(post_login(client, login_json(kUser, kPassword), headers).status, 200);
}

TEST(ForgottenTrustedProxy, IsSaidOnceAtTheFirstForwardedFieldWithTheSettingToAdd) {
  OwnServer server({.cores = 2, .flags = {}});
  for (int connection = 0; connection < 8; ++connection) {
    HttpClient client(server.process.port(), "127.0.0.7");
    EXPECT_EQ(ping(client), 200);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(ping(client, {{"X-Forwarded-For", "203.0.113.5"}}), 200);
  }
  const auto lines = lines_at_end(server, "forwarded.not_trusted");
  ASSERT_EQ(lines.size(), 1U) << server.process.log();
  EXPECT_TRUE(has(lines[0], "level=warning")) << lines[0];
  EXPECT_TRUE(has(lines[0], "peer=127.0.0.7")) << lines[0];
  EXPECT_TRUE(has(lines[0], "field=X-Forwarded-For")) << lines[0];
  EXPECT_TRUE(has(lines[0], "if 127.0.0.7 is your proxy, set trusted_proxy = ['127.0.0.7']")) << lines[0];
}

TEST(ForgottenTrustedProxy, IsSaidAtACheckToo) {
  OwnServer server;
  HttpClient client(server.process.port());
  const std::string token = obtain_token(client, "agent");
  EXPECT_EQ(client
                .request("GET", kVerifyPath,
                         {{"Authorization", "Token " + token},
                          {"User-Agent", "agent"},
                          {"X-Forwarded-For", "192.0.2.1"}})
                .status,
            200);
  EXPECT_EQ(lines_at_end(server, "forwarded.not_trusted").size(), 1U) << server.process.log();
}

TEST(ForgottenTrustedProxy, IsSaidOfEveryFieldByWhichProxiesNameClients) {
  for (const char* const field :
       {"Forwarded", "X-Real-IP", "X-Forwarded-Proto", "X-Forwarded-Host", "True-Client-IP"}) {
    OwnServer server;
    HttpClient client(server.process.port());
    log_in_with(client, {{field, "for=203.0.113.5"}});
    const auto lines = lines_at_end(server, "forwarded.not_trusted");
    ASSERT_EQ(lines.size(), 1U) << field << '\n' << server.process.log();
    EXPECT_TRUE(has(lines[0], std::string("field=") + field)) << lines[0];
    EXPECT_TRUE(has(lines[0], "have it send X-Forwarded-For")) << lines[0];
  }
}

TEST(ForgottenTrustedProxy, IsSaidOfAnotherProxyBesideOneThatIsTrusted) {
  OwnServer server({.flags = {"--trusted-proxy", "127.0.0.9"}});
  HttpClient trusted(server.process.port(), "127.0.0.9");
  log_in_with(trusted, {{"X-Forwarded-For", "203.0.113.5"}});
  HttpClient forgotten(server.process.port(), "127.0.0.8");
  log_in_with(forgotten, {{"X-Forwarded-For", "203.0.113.5"}});
  const auto lines = lines_at_end(server, "forwarded.not_trusted");
  ASSERT_EQ(lines.size(), 1U) << server.process.log();
  EXPECT_TRUE(has(lines[0], "add '127.0.0.8' to trusted_proxy")) << lines[0];
  EXPECT_FALSE(has(server.process.log(), "forwarded.no_client")) << server.process.log();
}

TEST(ForgottenTrustedProxy, StrangersWhoMakeUpFieldsAreAFewLinesOfTheLog) {
  OwnServer server;
  for (int i = 1; i <= 200; ++i) {
    HttpClient client(server.process.port(), "127.0.1." + std::to_string(i));
    EXPECT_EQ(ping(client, {{"X-Forwarded-For", "203.0.113.5"}}), 200);
  }
  const auto lines = lines_at_end(server, "forwarded.not_trusted");
  EXPECT_GE(lines.size(), 10U);
  EXPECT_LE(lines.size(), 20U);
}

TEST(ForgottenTrustedProxy, IsNotSaidOfAnyoneWhoSendsNoField) {
  OwnServer server({.flags = {"--proxy-listen", "127.0.0.1:0"}});
  HttpClient client(server.process.port());
  log_in_with(client, {});
  // A proxy may name the client in both ways.
  HttpClient proxied(server.process.proxy_port());
  proxied.send("PROXY TCP4 203.0.113.5 203.0.113.9 40000 80\r\n");
  log_in_with(proxied, {{"X-Forwarded-For", "203.0.113.5"}});
  EXPECT_EQ(lines_at_end(server, "forwarded.not_trusted").size(), 0U) << server.process.log();
}

struct Silent {
  std::vector<std::string> flags;
  HeaderLines sent;
  std::string said;
};

TEST(TrustedProxyWithoutAClient, IsSaidOnceWithWhatToSet) {
  const std::string trusting = "--trusted-proxy";
  for (const Silent& silent : {
           Silent{{trusting, "127.0.0.1"}, {}, "have the proxy send X-Forwarded-For"},
           Silent{{trusting, "127.0.0.1"},
                  {{"Forwarded", "for=203.0.113.5"}},
                  "set forwarded_source = 'forwarded'"},
           Silent{{trusting, "127.0.0.1", "--forwarded-source", "forwarded"},
                  {{"X-Forwarded-For", "203.0.113.5"}},
                  "set forwarded_source = 'x-forwarded-for'"},
           Silent{{trusting, "127.0.0.1"},
                  {{"X-Real-IP", "203.0.113.5"}},
                  "have the proxy send X-Forwarded-For"},
           Silent{{trusting, "127.0.0.1"}, {{"X-Forwarded-For", "unknown"}}, "names no client"},
           Silent{{trusting, "127.0.0.1,10.0.0.0/8"},
                  {{"X-Forwarded-For", "10.1.2.3"}},
                  "let trusted_proxy hold proxies alone"},
       }) {
    OwnServer server({.cores = 2, .flags = silent.flags});
    for (int i = 0; i < 4; ++i) {
      HttpClient client(server.process.port());
      log_in_with(client, silent.sent);
    }
    const auto lines = lines_at_end(server, "forwarded.no_client");
    ASSERT_EQ(lines.size(), 1U) << silent.said << '\n' << server.process.log();
    EXPECT_TRUE(has(lines[0], "level=warning")) << lines[0];
    EXPECT_TRUE(has(lines[0], "peer=127.0.0.1")) << lines[0];
    EXPECT_TRUE(has(lines[0], silent.said)) << lines[0];
    EXPECT_FALSE(has(server.process.log(), "forwarded.not_trusted")) << server.process.log();
  }
}

TEST(TrustedProxyWithoutAClient, IsNotSaidOfHealthChecksAndOfClientsOnTheProxysOwnMachine) {
  OwnServer server({.flags = {"--trusted-proxy", "127.0.0.1"}});
  HttpClient client(server.process.port());
  EXPECT_EQ(ping(client), 200);
  log_in_with(client, {{"X-Forwarded-For", "127.0.0.1"}});
  log_in_with(client, {{"X-Forwarded-For", "203.0.113.5"}});
  EXPECT_EQ(lines_at_end(server, "forwarded.no_client").size(), 0U) << server.process.log();
}

TEST(ThePROXYProtocolAtAPlainListener, IsSaidOnceWithTheSettingThatTakesIt) {
  const std::string v1 = "PROXY TCP4 203.0.113.5 203.0.113.9 40000 80\r\n";
  const std::string v2 = std::string("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", 16) +
                         std::string("\xcb\0\x71\x05\xcb\0\x71\x09\x9c\x40\0\x50", 12);
  for (const std::string& header : {v1, v2}) {
    OwnServer server({.cores = 2, .flags = {}});
    for (int i = 0; i < 4; ++i) {
      HttpClient client(server.process.port());
      client.send(header + request_bytes("GET", kPingPath));
      EXPECT_EQ(client.receive().status, 400);
    }
    const auto lines = lines_at_end(server, "proxy_protocol.not_expected");
    ASSERT_EQ(lines.size(), 1U) << server.process.log();
    EXPECT_TRUE(has(lines[0], "level=warning")) << lines[0];
    EXPECT_TRUE(has(lines[0], "peer=127.0.0.1")) << lines[0];
    EXPECT_TRUE(has(lines[0], "proxy_listen")) << lines[0];
  }
}

TEST(ThePROXYProtocolAtAPlainListener, IsNotSaidOfASecondHeaderWhereItIsTaken) {
  OwnServer server({.flags = {"--proxy-listen", "127.0.0.1:0"}});
  HttpClient client(server.process.proxy_port());
  const std::string header = "PROXY TCP4 203.0.113.5 203.0.113.9 40000 80\r\n";
  client.send(header + header);
  EXPECT_EQ(client.receive().status, 400);
  EXPECT_EQ(lines_at_end(server, "proxy_protocol.not_expected").size(), 0U) << server.process.log();
}

}  // namespace
}  // namespace latchkey::test
