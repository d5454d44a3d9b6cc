// Several cores behave as one server, and they all end together in one clean end.
#include <gtest/gtest.h>

#include <chrono>
#include <mutex>
#include <thread>

#include "support/rig.h"

namespace latchkey::test {
namespace {

/// Whether a connect is refused before patience ends.
bool comes_to_refuse_connections(std::uint16_t port) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < end) {
    try {
      HttpClient probe(port);
    } catch (const ClientError&) {
      return true;
    }
  }
  return false;
}

ServerOptions two_cores() {
  ServerOptions options;
  options.cores = 2;
  return options;
}

TEST(Cores, TokensMadeThroughOneConnectionAreAdmittedThroughEveryOther) {
  OwnServer server(two_cores());
  constexpr std::size_t kUsers = 4;
  constexpr std::size_t kConnections =
      24;  // the chance that the kernel gives all of them to one core is one in millions
  for (std::size_t i = 0; i < kUsers; ++i)
    add_user(server.process.data(), "user" + std::to_string(i), kPassword);
  std::vector<std::string> tokens(kConnections);
  at_once(kConnections, [&](std::size_t i) {
    HttpClient client(server.process.port());
    tokens[i] = obtain_token(client, "agent" + std::to_string(i), "user" + std::to_string(i % kUsers));
  });
  at_once(kConnections, [&](std::size_t) {
    HttpClient client(server.process.port());
    for (std::size_t i = 0; i < kConnections; ++i) {
      const Response response = use_token(client, tokens[i], "agent" + std::to_string(i));
      EXPECT_EQ(response.status, 200) << response.body;
      EXPECT_EQ(response.value("X-Auth-User"), "user" + std::to_string(i % kUsers));
    }
  });
  EXPECT_EQ(server.process.stop(), 0) << server.process.log();
}

TEST(Cores, LoginsAtTheSameTimeFromOneAddressAndAgentGetOneToken) {
  OwnServer server(two_cores());
  constexpr std::size_t kConnections = 16;
  std::vector<std::string> tokens(kConnections);
  at_once(kConnections, [&](std::size_t i) {
    HttpClient client(server.process.port());
    tokens[i] = obtain_token(client, "same");
    EXPECT_EQ(use_token(client, tokens[i], "same").status, 200);
  });
  for (const std::string& token : tokens) EXPECT_EQ(token, tokens.front());
}

TEST(Cores, ADeletionHoldsOnEveryConnectionOnceItIsAnswered) {
  OwnServer server(two_cores());
  constexpr std::size_t kConnections = 12;
  std::vector<HttpClient> clients;
  for (std::size_t i = 0; i < kConnections; ++i) clients.emplace_back(server.process.port());
  for (int round = 0; round < 10; ++round) {
    const std::string token =
        obtain_token(clients[static_cast<std::size_t>(round) % kConnections], "browser");
    for (HttpClient& client : clients) ASSERT_EQ(use_token(client, token, "browser").status, 200);
    ASSERT_EQ(end_token(clients[static_cast<std::size_t>(round * 5) % kConnections], token, "browser").status,
              204);
    for (HttpClient& client : clients) ASSERT_EQ(use_token(client, token, "browser").status, 401);
  }
}

TEST(Cores, LoginsChecksAndDeletionsAtTheSameTimeAreAllAnswered) {
  OwnServer server(two_cores());
  constexpr std::size_t kClients = 8;
  at_once(kClients, [&](std::size_t i) {
    HttpClient client(server.process.port());
    for (int round = 0; round < 20; ++round) {
      const std::string agent = std::to_string(i) + "-" + std::to_string(round % 5);
      const std::string token = obtain_token(client, agent);
      EXPECT_EQ(use_token(client, token, agent).status, 200);
      EXPECT_EQ(use_token(client, token, agent, kMePath).status, 200);
      if (round % 3 == 0) {
        EXPECT_EQ(end_token(client, token, agent).status, 204);
        EXPECT_EQ(use_token(client, token, agent).status, 401);
      }
    }
  });
  EXPECT_EQ(server.process.stop(), 0) << server.process.log();
}

TEST(Drain, ARequestUnderWayIsAnsweredAndIdleConnectionsAreClosed) {
  OwnServer server(two_cores());
  HttpClient idle(server.process.port());
  EXPECT_EQ(idle.request("GET", "/api/v2/ping/").status, 200);
  HttpClient fresh(server.process.port());
  HttpClient busy(server.process.port());
  const std::string request =
      request_bytes("POST", kTokenPath, {{"Content-Type", kJsonType}, {"Expect", "100-continue"}},
                    login_json(kUser, kPassword));
  const std::size_t body_at = request.find("\r\n\r\n") + 4;
  busy.send(request.substr(0, body_at));
  EXPECT_EQ(busy.receive_any().status, 100) << "the request is under way";

  server.process.terminate();
  EXPECT_TRUE(idle.is_closed_by_server());
  EXPECT_TRUE(fresh.is_closed_by_server());
  EXPECT_TRUE(comes_to_refuse_connections(server.process.port())) << "it accepts though it stops";
  busy.send(request.substr(body_at));
  const Response response = busy.receive();
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(response.value("Connection"), "close");
  EXPECT_TRUE(busy.is_closed_by_server());
  EXPECT_EQ(server.process.wait(), 0) << server.process.log();
}

TEST(Drain, ARequestThatDoesNotEndIsCutOffAtItsDeadline) {
  ServerOptions options = two_cores();
  options.flags = {"--drain-timeout", "100ms"};
  OwnServer server(options);
  HttpClient client(server.process.port());
  client.send(
      "POST /api/v2/authtoken/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\nExpect: "
      "100-continue\r\n\r\n");
  EXPECT_EQ(client.receive_any().status, 100);
  server.process.terminate();
  EXPECT_TRUE(client.is_closed_by_server());
  EXPECT_EQ(server.process.wait(), 0) << server.process.log();
}

TEST(Drain, LoginsOfManyClientsAreEachAnsweredOrNotBegun) {
  OwnServer server(two_cores());
  constexpr std::size_t kClients = 8;
  std::mutex mutex;
  std::vector<std::pair<std::string, std::string>> answered;  // token, agent
  Progress logins;
  std::thread terminator([&] {
    logins.wait_for(20);
    server.process.terminate();
  });
  at_once(kClients, [&](std::size_t i) {
    try {
      HttpClient client(server.process.port());
      for (int number = 0;; ++number) {
        const std::string agent = std::to_string(i) + "-" + std::to_string(number);
        const Response response = log_in(client, agent);
        EXPECT_EQ(response.status, 200) << response.body;
        const std::lock_guard lock(mutex);
        answered.emplace_back(token_in(response), agent);
        logins.advance();
      }
    } catch (const ClientError& error) {
      EXPECT_EQ(dynamic_cast<const ClientTimeout*>(&error), nullptr) << error.what();
      // The connection ended between two requests.
      logins.give_up();
    }
  });
  terminator.join();
  EXPECT_EQ(server.process.wait(), 0) << server.process.log();
  server.process.start_again();
  HttpClient client(server.process.port());
  for (const auto& [token, agent] : answered) EXPECT_EQ(use_token(client, token, agent).status, 200);
}

}  // namespace
}  // namespace latchkey::test
