// Listeners on which everything is a proxy's question (S-7), by TCP and at Unix sockets.
#include <gtest/gtest.h>

#include "support/rig.h"

namespace latchkey::test {
namespace {

SharedServer& server = SharedServer::add([] {
  ServerOptions options;
  options.flags = {"--trusted-proxy", "127.0.0.1"};
  for (const std::string family : {"nginx", "forward", "envoy"}) {
    options.flags.insert(options.flags.end(), {"--verify-listen", family + "@127.0.0.1:0", "--verify-listen",
                                               family + "@unix:DIRECTORY/" + family + ".sock"});
  }
  return std::make_unique<OwnServer>(options);
});

constexpr const char* kClient = "192.0.2.7";

/// Everything that a proxy of any family says of the client's request.
const HeaderLines kOriginal = {
    {"X-Forwarded-For", kClient},   {"X-Original-URL", "https://app.example.test/a?b"},
    {"X-Original-Method", "GET"},   {"X-Forwarded-Method", "GET"},
    {"X-Forwarded-Proto", "https"}, {"X-Forwarded-Host", "app.example.test"},
    {"X-Forwarded-Uri", "/a?b"},
};

struct Asking {
  std::string name;
  Door door;
};

class S7 : public ::testing::Test {
 protected:
  static std::vector<Asking> listeners() {
    std::vector<Asking> all;
    for (const std::string family : {"nginx", "forward", "envoy"}) {
      all.push_back({family + " by TCP", Door(server.get().verify_port(family))});
      all.push_back({family + " at a Unix socket", Door(server.get().socket(family + ".sock"))});
    }
    return all;
  }

  HeaderLines with_token() {
    HeaderLines lines = kOriginal;
    HeaderLines login = {{"X-Forwarded-For", kClient}, {"User-Agent", agent_}, {"Content-Type", kJsonType}};
    HttpClient client(server.get().port());
    lines.emplace_back("Authorization",
                       "Token " + token_in(post_login(client, login_json(kUser, kPassword), login)));
    lines.emplace_back("User-Agent", agent_);
    return lines;
  }

  const std::string agent_ = own_agent();
};

bool is_refusal(int status) { return status == 401 || status == 403; }

TEST_F(S7, EveryPathAndMethodIsTheQuestionAndNothingElseExists) {
  const HeaderLines shown = with_token();
  for (const auto& [name, door] : listeners()) {
    SCOPED_TRACE(name);
    HttpClient client(door);
    for (const std::string target :
         {"/", "/api/v2/ping/", "/api/v2/authtoken", "/api/openapi.json", "/auth/verify", "/auth/forward",
          "/a/../b//%2e%2e/c;d", "*", "http://localhost/x"}) {
      for (const std::string method : {"GET", "POST", "DELETE", "OPTIONS", "PURGE"}) {
        const Response admitted = client.request(method, target, shown);
        EXPECT_EQ(admitted.status, 200) << method << ' ' << target << ' ' << admitted.body;
        EXPECT_EQ(admitted.value("X-Auth-User"), kUser) << method << ' ' << target;
        EXPECT_EQ(admitted.body, "") << method << ' ' << target;
        EXPECT_TRUE(is_refusal(client.request(method, target, kOriginal).status)) << method << ' ' << target;
      }
    }
  }
}

TEST_F(S7, NobodyLogsInThere) {
  const std::string login = login_json(kUser, kPassword);
  for (const auto& [name, door] : listeners()) {
    HttpClient client(door);
    const Response response = client.request(
        "POST", kTokenPath, {{"Content-Type", kJsonType}, {"X-Forwarded-For", kClient}}, login);
    EXPECT_TRUE(is_refusal(response.status)) << name;
    EXPECT_EQ(response.body.find("token\""), std::string::npos) << name;
    EXPECT_TRUE(client.is_closed_by_server()) << name << ": what was announced is no request";
  }
}

TEST_F(S7, TheFormOfTheTargetMattersToHttpAlone) {
  const HeaderLines shown = with_token();
  for (const auto& [name, door] : listeners()) {
    SCOPED_TRACE(name);
    for (const std::string line :
         {"CONNECT app.example.test:443", "CONNECT /a", "PURGE *", "GET http://other/a"}) {
      std::string bytes = line + " HTTP/1.1\r\nHost: localhost\r\n";
      for (const auto& [field, value] : shown) bytes.append(field).append(": ").append(value).append("\r\n");
      HttpClient client(door);
      client.send(bytes + "\r\n");
      EXPECT_EQ(client.receive().status, 200) << line;
    }
    for (const std::string line : {"GET a", "GET /a#b", "CONNECT a/b", "GET ftp://localhost/"}) {
      HttpClient client(door);
      client.send(line + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
      EXPECT_EQ(client.receive().status, 400) << line;
      EXPECT_TRUE(client.is_closed_by_server()) << line;
    }
  }
}

TEST_F(S7, ABodyIsNotWaitedForAndEndsTheConnection) {
  for (const auto& [name, door] : listeners()) {
    for (const std::string announced :
         {"Content-Length: 5", "Content-Length: 99999999999", "Transfer-Encoding: chunked",
          "Content-Length: 5\r\nExpect: 100-continue", "Transfer-Encoding: chunked\r\nExpect: magic"}) {
      HttpClient client(door);
      client.send("POST /a HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 192.0.2.7\r\n" + announced +
                  "\r\n\r\n");
      const Response response = client.receive_any();
      EXPECT_TRUE(is_refusal(response.status)) << name << ' ' << announced;
      EXPECT_EQ(response.value("Connection"), "close") << name << ' ' << announced;
      EXPECT_TRUE(client.is_closed_by_server()) << name << ' ' << announced;
    }
  }
}

TEST_F(S7, AHeadOf20KilobytesIsRead) {
  HeaderLines shown = with_token();
  for (int i = 0; i < 5; ++i) shown.emplace_back("X-Long-" + std::to_string(i), std::string(4096, 'x'));
  for (const auto& [name, door] : listeners()) {
    HttpClient client(door);
    EXPECT_EQ(client.request("GET", "/", shown).status, 200) << name;
  }
}

}  // namespace
}  // namespace latchkey::test
