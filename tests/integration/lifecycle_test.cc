// The life of a token from its login to its end, across use, idle times and restarts.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "support/rig.h"

namespace latchkey::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

ServerOptions with_timeout(const std::string& timeout) {
  ServerOptions options;
  options.flags = {"--token-timeout", timeout};
  options.cores = 2;
  return options;
}

TEST(Lifecycle, LogInUseLogOutAndLogInAgain) {
  OwnServer server;
  HttpClient client(server.process.port());
  const std::string token = obtain_token(client, "browser");
  EXPECT_EQ(use_token(client, token, "browser").status, 200);
  EXPECT_EQ(use_token(client, token, "browser", kMePath).status, 200);
  EXPECT_EQ(refusal_of(use_token(client, token, "other")), "Invalid token");
  EXPECT_EQ(obtain_token(client, "browser"), token);
  EXPECT_EQ(end_token(client, token, "browser").status, 204);
  const Response ended = use_token(client, token, "browser");
  EXPECT_EQ(ended.status, 401);
  EXPECT_EQ(refusal_of(ended), "Token is expired");
  const std::string next = obtain_token(client, "browser");
  EXPECT_NE(next, token);
  EXPECT_EQ(use_token(client, next, "browser").status, 200);
  EXPECT_EQ(server.process.stop(), 0) << server.process.log();
}

TEST(Restart, KeepsLiveTokensAndTheReasonsOfDeadOnes) {
  ServerOptions options = with_timeout("30m");
  options.flags.insert(options.flags.end(), {"--tokens-per-user", "2"});
  OwnServer server(options);
  add_user(server.process.data(), "bob", kPassword);
  std::string oldest;
  std::string deleted;
  std::string live;
  std::string bobs;
  {
    HttpClient client(server.process.port());
    oldest = obtain_token(client, "one");
    deleted = obtain_token(client, "two");
    live = obtain_token(client, "three");
    EXPECT_EQ(end_token(client, deleted, "two").status, 204);
    bobs = obtain_token(client, "four", "bob");
    ASSERT_EQ(run_latchkey(server.process.data(), {"user", "disable", "bob"}).status, 0);
  }
  // Twice: the next start must find again what one start reads.
  for (int start = 0; start < 2; ++start) {
    ASSERT_EQ(server.process.stop(), 0) << server.process.log();
    server.process.start_again();
    HttpClient client(server.process.port());
    EXPECT_EQ(use_token(client, live, "three").status, 200);
    EXPECT_EQ(use_token(client, live, "three", kMePath).status, 200);
    EXPECT_EQ(obtain_token(client, "three"), live);
    EXPECT_EQ(refusal_of(use_token(client, deleted, "two")), "Token is expired");
    EXPECT_EQ(refusal_of(use_token(client, oldest, "one")),
              "The maximum number of allowed sessions for this user has been exceeded.");
    EXPECT_EQ(refusal_of(use_token(client, bobs, "four")), "User inactive or deleted");
    EXPECT_EQ(refusal_of(use_token(client, live, "other")), "Invalid token");
  }
}

TEST(Restart, ATokenThatTimesOutMeanwhileIsExpired) {
  OwnServer server(with_timeout("5s"));
  std::string token;
  {
    HttpClient client(server.process.port());
    token = obtain_token(client, "browser");
  }
  const auto last_use = steady_clock::now();
  ASSERT_EQ(server.process.stop(), 0) << server.process.log();
  std::this_thread::sleep_for(seconds(6));
  server.process.start_again();
  HttpClient client(server.process.port());
  const Response response = use_token(client, token, "browser");
  if (steady_clock::now() - last_use > milliseconds(9900))
    GTEST_SKIP() << "the restart took longer than a reason of death is kept";
  EXPECT_EQ(refusal_of(response), "Token is expired");
}

TEST(Restart, KeepsTheLastUseOfAToken) {
  // Used for longer than one timeout and then stopped, so only the recorded uses can have kept it alive.
  OwnServer server(with_timeout("3s"));
  std::string token;
  auto last_use = steady_clock::now();
  {
    HttpClient client(server.process.port());
    token = obtain_token(client, "browser");
    for (int half_second = 0; half_second < 8; ++half_second) {
      std::this_thread::sleep_for(milliseconds(500));
      ASSERT_EQ(use_token(client, token, "browser").status, 200);
    }
    last_use = steady_clock::now();
  }
  ASSERT_EQ(server.process.stop(), 0) << server.process.log();
  server.process.start_again();
  HttpClient client(server.process.port());
  const Response response = use_token(client, token, "browser");
  if (steady_clock::now() - last_use > milliseconds(2900))
    GTEST_SKIP() << "the restart took longer than the token lives";
  EXPECT_EQ(response.status, 200) << response.body;
}

TEST(Restart, AnotherNumberOfCoresFindsEveryToken) {
  OwnServer server;
  std::vector<std::string> tokens;
  constexpr std::size_t kUsers = 8;
  for (std::size_t i = 0; i < kUsers; ++i)
    add_user(server.process.data(), "user" + std::to_string(i), kPassword);
  {
    HttpClient client(server.process.port());
    for (std::size_t i = 0; i < kUsers; ++i) {
      tokens.push_back(obtain_token(client, "browser", "user" + std::to_string(i)));
    }
  }
  for (const int cores : {3, 1}) {
    ASSERT_EQ(server.process.stop(), 0) << server.process.log();
    ServerOptions options;
    options.cores = cores;
    server.process.start_again(options);
    HttpClient client(server.process.port());
    for (std::size_t i = 0; i < kUsers; ++i) {
      EXPECT_EQ(use_token(client, tokens[i], "browser").status, 200);
      EXPECT_EQ(obtain_token(client, "browser", "user" + std::to_string(i)), tokens[i]);
    }
  }
}

}  // namespace
}  // namespace latchkey::test
