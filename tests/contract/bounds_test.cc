// What is bounded, and the answer when a bound is reached (C-20, C-33).
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "support/rig.h"

namespace latchkey::test {
namespace {

/// Shows the token until the answer says this, or patience ends.
void expect_to_become(HttpClient& client, const std::string& token, const std::string& agent,
                      const std::string& text) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  Response response = use_token(client, token, agent);
  while (refusal_of(response) != text && std::chrono::steady_clock::now() < end) {
    EXPECT_EQ(response.status, 401) << response.body;
    response = use_token(client, token, agent);
  }
  EXPECT_EQ(refusal_of(response), text);
}

TEST(C20, ALoginThatFindsTheHashingQueueFullIsToldWhenToComeAgain) {
  ServerOptions options;
  options.flags = {"--hash-threads", "1", "--hash-queue", "1"};
  // At the default cost a hash takes tens of milliseconds. All the other requests arrive in that time.
  options.cheap_hashes = false;
  OwnServer server(options);
  constexpr std::size_t kClients = 16;
  std::vector<Response> responses(kClients);
  at_once(kClients, [&](std::size_t i) {
    HttpClient client(server.process.port());
    responses[i] = log_in(client, std::to_string(i));
  });
  std::size_t refused = 0;
  for (const Response& response : responses) {
    if (response.status == 200) continue;
    ++refused;
    EXPECT_EQ(response.status, 503) << response.body;
    EXPECT_TRUE(response.body.starts_with(R"({"detail":")")) << response.body;
    EXPECT_GE(std::stoi(response.value("Retry-After")), 1);
  }
  EXPECT_GE(refused, 1U) << "all of them found a place";
  EXPECT_LT(refused, kClients) << "none of them found a place";
  HttpClient client(server.process.port());
  EXPECT_EQ(log_in(client, "later").status, 200);
}

TEST(C33, PastTheBoundTheOldestReasonsAreForgotten) {
  OwnServer server({.flags = {"--tombstones", "1"}});
  HttpClient client(server.process.port());
  const std::string first = obtain_token(client, "one");
  const std::string second = obtain_token(client, "two");
  EXPECT_EQ(end_token(client, first, "one").status, 204);
  EXPECT_EQ(refusal_of(use_token(client, first, "one")), "Token is expired");
  EXPECT_EQ(end_token(client, second, "two").status, 204);
  expect_to_become(client, first, "one", "Invalid token");
  EXPECT_EQ(refusal_of(use_token(client, second, "two")), "Token is expired");
}

TEST(C33, AReasonIsForgottenSomeTimeAfterItsTimeout) {
  OwnServer server({.flags = {"--token-timeout", "1s"}});
  HttpClient client(server.process.port());
  const std::string deleted = obtain_token(client, "one");
  const std::string expired = obtain_token(client, "two");
  EXPECT_EQ(end_token(client, deleted, "one").status, 204);
  EXPECT_EQ(refusal_of(use_token(client, deleted, "one")), "Token is expired");
  expect_to_become(client, deleted, "one", "Invalid token");
  // An unused token times out after two seconds at most. Asking earlier would keep it alive.
  std::this_thread::sleep_for(std::chrono::milliseconds(2100));
  expect_to_become(client, expired, "two", "Invalid token");
}

}  // namespace
}  // namespace latchkey::test
