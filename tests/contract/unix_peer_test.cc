// The remote address of clients that come by way of a Unix socket (C-34).
#include <gtest/gtest.h>

#include "contract/by_proxy.h"

namespace latchkey::test {
namespace {

constexpr const char* kNobody = "The proxy does not name the client's address.";

struct AtUnixSocket {
  explicit AtUnixSocket(std::vector<std::string> flags = {})
      : server({.flags = with_socket(std::move(flags))}), client(server.process.socket("http.sock")) {}

  static std::vector<std::string> with_socket(std::vector<std::string> flags) {
    for (const char* const flag : {"--listen", "127.0.0.1:0", "--listen", "unix:DIRECTORY/http.sock",
                                   "--verify-listen", "unix:DIRECTORY/verify.sock"}) {
      flags.emplace_back(flag);
    }
    return flags;
  }

  Response log_in(HeaderLines lines) {
    lines.emplace_back("Content-Type", kJsonType);
    return post_login(client, login_json(kUser, kPassword), lines);
  }

  int check(const std::string& token, HeaderLines lines, const std::string& target = kVerifyPath) {
    lines.emplace_back("Authorization", "Token " + token);
    return client.request("GET", target, lines).status;
  }

  OwnServer server;
  HttpClient client;
};

TEST(C34, AUnixPeerIsATrustedProxy) {
  AtUnixSocket at;
  const std::string token = token_in(at.log_in(forwarded_for("192.0.2.7")));
  EXPECT_EQ(at.check(token, forwarded_for("192.0.2.7")), 200);
  EXPECT_EQ(at.check(token, forwarded_for("198.51.100.1, 192.0.2.7")), 200)
      << "what the client wrote in front";
  EXPECT_EQ(at.check(token, forwarded_for("192.0.2.8")), 401);
  EXPECT_EQ(at.check(token, {}), 401) << "bound to an address, and none is named";
  HttpClient by_tcp(at.server.process.port());
  const HeaderLines shown = {{"Authorization", "Token " + token}, {"X-Forwarded-For", "192.0.2.7"}};
  EXPECT_EQ(by_tcp.request("GET", kVerifyPath, shown).status, 401) << "no peer by TCP is trusted";
}

TEST(C34, AUnixPeerSaysHowItsClientCame) {
  AtUnixSocket at;
  HeaderLines lines = {{"X-Forwarded-For", "192.0.2.7"},
                       {"X-Forwarded-Proto", "https"},
                       {"X-Forwarded-Host", "auth.example.test"},
                       {"Content-Type", kJsonType}};
  Response response = at.client.request("POST", "/api/v2/session/", lines, login_json(kUser, kPassword));
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_NE(response.value("Set-Cookie").find("; Secure"), std::string::npos);
  lines[3].second = kFormType;
  lines.emplace_back("Origin", "https://auth.example.test");
  response = at.client.request("POST", kTokenPath, lines, "username=alice&password=correct%20horse");
  EXPECT_EQ(response.status, 200) << response.body;
}

TEST(C34, NothingIsBoundToAnAddressThatAUnixPeerDoesNotName) {
  AtUnixSocket at({"--trusted-proxy", "192.0.2.0/24", "--verify-basic"});
  const std::string token = token_in(at.log_in(forwarded_for("203.0.113.7")));
  const std::string basic = "Basic YWxpY2U6Y29ycmVjdCBob3JzZQ==";
  for (const HeaderLines& named : {HeaderLines{}, forwarded_for("unknown"), forwarded_for("192.0.2.7"),
                                   forwarded_for(""), HeaderLines{{"Forwarded", "for=203.0.113.7"}}}) {
    Response response = at.log_in(named);
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(response.body, detail(kNobody));
    EXPECT_EQ(at.check(token, named), 401) << "at the question";
    for (const std::string& shown : {"Token " + token, basic}) {
      HeaderLines lines = named;
      lines.emplace_back("Authorization", shown);
      EXPECT_EQ(at.client.request("GET", kVerifyPath, lines).status, 401) << shown;
      for (const std::string path : {kMePath, "/api/v2/me/tokens/", "/api/v2/session/"}) {
        response = at.client.request("GET", path, lines);
        EXPECT_EQ(response.status, 400) << path << ' ' << shown;
        EXPECT_EQ(response.body, detail(kNobody)) << path << ' ' << shown;
      }
    }
    HeaderLines lines = named;
    lines.emplace_back("Authorization", "Token " + token);
    EXPECT_EQ(at.client.request("DELETE", kTokenPath, lines).status, 400);
    HttpClient asking(at.server.process.socket("verify.sock"));
    EXPECT_EQ(asking.request("GET", "/", lines).status, 401);
  }
  EXPECT_EQ(at.client.request("GET", "/api/v2/ping/").status, 200) << "needs no address";
  EXPECT_EQ(at.client.request("GET", "/").status, 200) << "needs no address";
  EXPECT_EQ(at.check(token, forwarded_for("203.0.113.7")), 200) << "the token was left alone";
}

TEST(C34, TheLogSaysOnceThatAUnixPeerNamesNobody) {
  AtUnixSocket at;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(at.log_in({{"X-Real-IP", "192.0.2.7"}}).status, 400);
  const std::optional<std::string> line = at.server.process.wait_for_log("forwarded.no_client");
  ASSERT_TRUE(line);
  EXPECT_NE(line->find("peer=unix"), std::string::npos) << *line;
  EXPECT_NE(line->find("X-Forwarded-For"), std::string::npos) << *line;
  EXPECT_EQ(at.server.process.stop(), 0);
  const std::string log = at.server.process.log();
  EXPECT_EQ(log.find("forwarded.no_client", log.find("forwarded.no_client") + 1), std::string::npos) << log;
}

TEST(C20, ConnectionsAtAUnixSocketAreNotCounted) {
  AtUnixSocket at(
      {"--connections-by-address", "1", "--counted-networks", "0.0.0.0/0", "--counted-networks", "::/0"});
  std::vector<HttpClient> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back(at.server.process.socket("http.sock"));
    EXPECT_EQ(clients.back().request("GET", "/api/v2/ping/").status, 200) << i;
  }
}

}  // namespace
}  // namespace latchkey::test
