// Too many failed logins, by user and by address (C-20).
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "throttled_server.h"

namespace latchkey::test {
namespace {

TEST(C20, TooManyFailuresOfAUserAreThrottledFromWhateverAddress) {
  ThrottledServer server(throttled(3, 0));
  EXPECT_EQ(server.status_from(kHome), 400);
  EXPECT_EQ(server.status_from(kStranger), 400);
  EXPECT_EQ(server.status_from(kStranger), 400);
  expect_login_throttled(server.log_in_from(kStranger, kUser, "wrong"));
  const Response refused = server.log_in_from(kElsewhere, kUser, kPassword);
  expect_login_throttled(refused);
  // A third of the window, rounded up, less the time that has passed.
  EXPECT_LE(std::stoi(refused.value("Retry-After")), 1200);
  EXPECT_GT(std::stoi(refused.value("Retry-After")), 600);
  EXPECT_EQ(server.status_from(kStranger, "bob"), 400) << "another user is none the worse";
}

TEST(C20, TooManyFailuresFromAnAddressAreThrottledForWhateverUser) {
  ThrottledServer server(throttled(0, 3));
  EXPECT_EQ(server.status_from(kStranger, "bob"), 400);
  EXPECT_EQ(server.status_from(kStranger, "carol"), 400);
  EXPECT_EQ(server.status_from(kStranger, kUser), 400);
  expect_login_throttled(server.log_in_from(kStranger, "dave", "wrong"));
  expect_login_throttled(server.log_in_from(kStranger, kUser, kPassword));
  EXPECT_EQ(server.status_from(kHome, kUser), 400) << "another address is none the worse";
  EXPECT_EQ(server.status_from(kHome, kUser, kPassword), 200);
}

TEST(C20, AnAddressOfIpv6CountsWithItsNeighboursOfTheSame64Bits) {
  ThrottledServer server(throttled(0, 2));
  EXPECT_EQ(server.status_from("2001:db8:0:1::1"), 400);
  EXPECT_EQ(server.status_from("2001:db8:0:1:ffff::2"), 400);
  expect_login_throttled(server.log_in_from("2001:db8:0:1::3", kUser, "wrong"));
  EXPECT_EQ(server.status_from("2001:db8:0:2::1"), 400);
}

TEST(C20, AnUnknownNameIsThrottledLikeAKnownOne) {
  ThrottledServer server(throttled(2, 0));
  expect_alike(server.log_in_from(kStranger, kUser, "wrong"),
               server.log_in_from(kStranger, "nobody", "wrong"));
  expect_alike(server.me_from(kStranger, kUser, "wrong"), server.me_from(kStranger, "nobody", "wrong"));
  const Response known = server.log_in_from(kStranger, kUser, "wrong");
  const Response unknown = server.log_in_from(kStranger, "nobody", "wrong");
  expect_login_throttled(known);
  expect_login_throttled(unknown);
  ASSERT_EQ(known.headers.size(), unknown.headers.size());
  for (std::size_t i = 0; i < known.headers.size(); ++i)
    EXPECT_EQ(known.headers[i].first, unknown.headers[i].first);
  expect_login_throttled(server.log_in_from(kStranger, " nobody\t", "wrong"));
}

TEST(C20, OneSecondIsSaidInTheSingular) {
  ThrottledServer server(throttled(1, 0, "1s"));
  const Response refused = server.log_in_until(429, kStranger, kUser, "wrong");
  expect_login_throttled(refused);
  EXPECT_EQ(refused.value("Retry-After"), "1");
  EXPECT_EQ(refused.body, R"({"detail":"Request was throttled. Expected available in 1 second."})");
}

TEST(C20, WhoWaitsIsAdmittedAgain) {
  ThrottledServer server(throttled(1, 1, "1s"));
  server.log_in_until(429, kStranger, kUser, "wrong");
  server.log_in_until(200, kStranger, kUser, kPassword);
}

TEST(C20, ARightPasswordIsNotCharged) {
  ThrottledServer server(throttled(2, 2));
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(server.status_from(kHome, kUser, kPassword), 200);
    EXPECT_EQ(server.me_from(kHome, kUser, kPassword).status, 200);
  }
  EXPECT_EQ(server.status_from(kHome), 400);
  EXPECT_EQ(server.status_from(kStranger), 400);
  expect_login_throttled(server.log_in_from(kStranger, kUser, "wrong"));
}

TEST(C20, ASuccessClearsNothing) {
  ThrottledServer server(throttled(0, 3));
  add_user(server.process().data(), "mallory", "own");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(server.status_from(kStranger, "mallory", "own"), 200);
    EXPECT_EQ(server.status_from(kStranger), 400);
  }
  expect_login_throttled(server.log_in_from(kStranger, kUser, "wrong"));
  expect_login_throttled(server.log_in_from(kStranger, "mallory", "own"));
}

TEST(C20, BasicIsNoSideDoor) {
  ThrottledServer server(throttled(3, 0));
  EXPECT_EQ(server.me_from(kStranger, kUser, "wrong").status, 401);
  EXPECT_EQ(server.status_from(kStranger), 400);
  EXPECT_EQ(server.me_from(kStranger, kUser, "wrong").status, 401);
  expect_throttled(server.me_from(kStranger, kUser, "wrong"), "GET, HEAD, OPTIONS");
  expect_throttled(server.me_from(kStranger, kUser, kPassword), "GET, HEAD, OPTIONS");
  EXPECT_EQ(server.me_from(kStranger, kUser, kPassword, "OPTIONS").status, 200)
      << "anybody is told what it is";
  expect_login_throttled(server.log_in_from(kStranger, kUser, kPassword));
}

TEST(C20, BasicIsThrottledByAddressAndAtTheQuestionsOfProxiesToo) {
  ServerOptions options = throttled(0, 2);
  options.flags.emplace_back("--verify-basic");
  ThrottledServer server(options);
  const auto verify = [&server](const std::string& password, const char* path = kVerifyPath) {
    HttpClient client(server.process().port());
    return client.request("GET", path,
                          {{"Authorization", basic_of(kUser, password)}, {"X-Forwarded-For", kStranger}});
  };
  EXPECT_EQ(verify(kPassword).status, 200);
  EXPECT_EQ(verify("wrong").status, 401);
  EXPECT_EQ(verify("wrong").status, 401);
  const Response nginx = verify(kPassword);
  EXPECT_EQ(nginx.status, 401) << "nginx takes no 429";
  EXPECT_TRUE(refusal_of(nginx).starts_with("Request was throttled.")) << refusal_of(nginx);
  EXPECT_GE(std::stoi(nginx.value("Retry-After")), 1);
  expect_throttled(verify(kPassword, "/auth/forward"), "");
  expect_throttled(server.me_from(kStranger, kUser, kPassword), "GET, HEAD, OPTIONS");
}

TEST(C20, ABasicPasswordThatIsTooLongIsWrongAndNeverHashedNorCharged) {
  ThrottledServer server(throttled(1, 1));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(server.me_from(kStranger, kUser, std::string(5000, 'x')).status, 401);
  EXPECT_EQ(server.me_from(kStranger, kUser, "wrong").status, 401);
  EXPECT_EQ(server.me_from(kStranger, kUser, "wrong").status, 429);
}

TEST(C20, ATokenIsNotHeldUp) {
  ThrottledServer server(throttled(1, 1));
  const std::string token = token_in(server.log_in_from(kHome, kUser, kPassword));
  EXPECT_EQ(server.status_from(kHome), 400);
  EXPECT_EQ(server.status_from(kHome), 429);
  HttpClient client(server.process().port());
  const HeaderLines headers = {
      {"Authorization", "Token " + token}, {"X-Forwarded-For", kHome}, {"User-Agent", "c20"}};
  EXPECT_EQ(client.request("GET", kVerifyPath, headers).status, 200);
}

TEST(C20, AnAttemptThatFoundNoPlaceInTheQueueIsNotCharged) {
  constexpr std::size_t kClients = 16;
  ServerOptions options = throttled(static_cast<int>(kClients), 0);
  options.flags.insert(options.flags.end(), {"--hash-threads", "1", "--hash-queue", "1"});
  // At the default cost a hash takes tens of milliseconds. All the other requests arrive in that time.
  options.cheap_hashes = false;
  ThrottledServer server(options);
  std::vector<int> statuses(kClients);
  at_once(kClients, [&](std::size_t i) { statuses[i] = server.status_from(kStranger); });
  const auto wrong = std::count(statuses.begin(), statuses.end(), 400);
  EXPECT_EQ(wrong + std::count(statuses.begin(), statuses.end(), 503), static_cast<int>(kClients));
  EXPECT_LT(wrong, static_cast<int>(kClients)) << "all of them found a place";
  for (auto i = static_cast<std::size_t>(wrong); i < kClients; ++i)
    EXPECT_EQ(server.status_from(kStranger), 400);
  EXPECT_EQ(server.status_from(kStranger), 429);
}

TEST(C20, OfManyGuessesAtOnceNoMoreGetThroughThanInARow) {
  constexpr std::size_t kClients = 32;
  constexpr int kCores = 2;
  ThrottledServer server(throttled(4, 0));
  std::vector<int> statuses(kClients);
  at_once(kClients, [&](std::size_t i) { statuses[i] = server.status_from(kStranger); });
  const auto tried = std::count(statuses.begin(), statuses.end(), 400);
  EXPECT_GE(tried, 4);
  // One more for each further core (the bound in `FailureMeter`).
  EXPECT_LE(tried, 4 + kCores - 1);
  EXPECT_EQ(tried + std::count(statuses.begin(), statuses.end(), 429), static_cast<int>(kClients));
}

TEST(C20, AThrottledLoginIsLoggedWithoutItsPassword) {
  // With one core, which the first guess has shown the name to.
  ServerOptions one_core = throttled(1, 0);
  one_core.cores = 1;
  ThrottledServer server(one_core);
  EXPECT_EQ(server.status_from(kStranger), 400);
  EXPECT_EQ(server.status_from(kStranger, kUser, "s3cret guess"), 429);
  const auto line = server.process().wait_for_log("event=login.throttled");
  ASSERT_TRUE(line.has_value());
  EXPECT_NE(line->find("user=alice"), std::string::npos) << *line;
  EXPECT_NE(line->find("address=198.51.100.1"), std::string::npos) << *line;
  EXPECT_NE(line->find("by=user"), std::string::npos) << *line;
  EXPECT_EQ(server.process().stop(), 0);
  EXPECT_EQ(server.process().log().find("s3cret"), std::string::npos);
}

TEST(C20, WhereItIsSwitchedOffNobodyIsThrottled) {
  ThrottledServer server(throttled(0, 0));
  for (int i = 0; i < 60; ++i) ASSERT_EQ(server.status_from(kStranger), 400);
}

}  // namespace
}  // namespace latchkey::test
