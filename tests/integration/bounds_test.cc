// What the defaults are worth, and requests at the greatest number and length that is served.
#include <gtest/gtest.h>

#include "support/rig.h"

namespace latchkey::test {
namespace {

TEST(Defaults, HashAsTheyAreMeantTo) {
  ServerOptions options;
  options.cheap_hashes = false;
  OwnServer server(options);
  HttpClient client(server.process.port());
  const std::string token = obtain_token(client, "browser");
  EXPECT_EQ(use_token(client, token, "browser").status, 200);
  EXPECT_EQ(log_in(client, "browser", kUser, "wrong").body, kUnableToLogIn);
  EXPECT_EQ(log_in(client, "browser", "nobody", "wrong").body, kUnableToLogIn);
}

TEST(Defaults, AHashOfOtherSettingsIsReadAndReplaced) {
  OwnServer server;
  ASSERT_EQ(server.process.stop(), 0) << server.process.log();
  ServerOptions options;
  options.flags = {"--hash-memory", "2MiB", "--hash-passes", "3"};
  options.cheap_hashes = false;
  server.process.start_again(options);
  HttpClient client(server.process.port());
  EXPECT_EQ(log_in(client, "browser").status, 200);
  EXPECT_TRUE(server.process.wait_for_log("event=login.rehashed")) << server.process.log();
  EXPECT_EQ(log_in(client, "browser").status, 200);
  EXPECT_EQ(log_in(client, "browser", kUser, "wrong").status, 400);
}

TEST(Connections, HundredsAreServedEachInItsTurn) {
  constexpr std::size_t kConnections = 300;
  ServerProcess& server = common_server();
  std::vector<HttpClient> clients;
  for (std::size_t i = 0; i < kConnections; ++i) clients.emplace_back(server.port());
  const std::string token = obtain_token(clients.front(), own_agent());
  for (int round = 0; round < 2; ++round) {
    for (HttpClient& client : clients) ASSERT_EQ(use_token(client, token, own_agent()).status, 200);
  }
}

TEST(Names, OfTheGreatestLengthArePassedWhole) {
  std::string name;
  std::string encoded;
  for (int i = 0; i < 150; ++i) {
    name += "ë";
    encoded += "%C3%AB";
  }
  OwnServer server;
  add_user(server.process.data(), name, kPassword);
  HttpClient client(server.process.port());
  const std::string token = obtain_token(client, "browser", name);
  EXPECT_EQ(use_token(client, token, "browser").value("X-Auth-User"), encoded);
  EXPECT_NE(use_token(client, token, "browser", kMePath).body.find(name), std::string::npos);
}

}  // namespace
}  // namespace latchkey::test
