// Failures of strangers elsewhere do not lock a person out at an address where they have logged in, and
// reveal to nobody there whether the user exists (C-20). An address is no longer known once the password or
// the user changes.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "throttled_server.h"

namespace latchkey::test {
namespace {

constexpr const char* kSessionPath = "/api/v2/session/";
constexpr const char* kMyPasswordPath = "/api/v2/me/password/";
/// Steps so long that the duration of a test does not show in `Retry-After`.
constexpr const char* kLongWindow = "24h";
constexpr int kTimeOfATest = 300;

void expect_command_done(const Finished& command) { EXPECT_EQ(command.status, 0) << command.errors; }

/// Guesses until further failures in this name from elsewhere are refused.
void attack(ThrottledServer& server, const std::string& name = kUser) {
  for (int i = 0; i < 50; ++i) {
    if (server.status_from(kStranger, name) == 429) return;
  }
  ADD_FAILURE() << "nobody is ever refused";
}

TEST(C20, AtASharedAddressEveryNameMeetsTheThrottleAtTheSameCount) {
  ThrottledServer server(throttled(10, 50, kLongWindow));
  add_user(server.process().data(), "bob", "bob's");
  EXPECT_EQ(server.status_from(kHome, kUser, kPassword), 200);
  EXPECT_EQ(server.status_from(kElsewhere, "bob", "bob's"), 200);
  const std::vector<std::string> names = {kUser, "bob", "nobody"};  // known here, known elsewhere, not a user
  for (int guess = 1; guess <= 13; ++guess) {
    std::vector<Response> answers;
    answers.reserve(names.size());
    for (const std::string& name : names) answers.push_back(server.log_in_from(kHome, name, "wrong"));
    for (std::size_t i = 0; i < names.size(); ++i) {
      EXPECT_EQ(answers[i].status, guess <= 10 ? 400 : 429) << names[i] << ", guess " << guess;
      if (answers[i].status != 429) continue;
      expect_login_throttled(answers[i]);
      EXPECT_NEAR(std::stoi(answers[i].value("Retry-After")), std::stoi(answers[0].value("Retry-After")),
                  kTimeOfATest)
          << names[i];
    }
  }
}

TEST(C20, NobodyGuessesWithoutEndWhereThePersonLoggedIn) {
  ThrottledServer server(throttled(10, 50, kLongWindow));
  EXPECT_EQ(server.status_from("2001:db8:0:1::1", kUser, kPassword), 200);
  int tried = 0;
  for (int guess = 0; guess < 25; ++guess) {
    if (server.status_from("2001:db8:0:1::" + std::to_string(guess + 2)) == 400) ++tried;
  }
  EXPECT_EQ(tried, 10);
  expect_login_throttled(server.log_in_from("2001:db8:0:1::1", kUser, kPassword));
}

TEST(C20, EveryWayToTryAPasswordIsCountedTogetherWhereThePersonLoggedIn) {
  ThrottledServer server(throttled(4, 0, kLongWindow));
  const std::string token = token_in(server.log_in_from(kHome, kUser, kPassword));
  HttpClient client(server.process().port());
  const HeaderLines by_token = {{"Authorization", "Token " + token},
                                {"X-Forwarded-For", kHome},
                                {"User-Agent", "c20"},
                                {"Content-Type", kJsonType}};
  const HeaderLines by_none = {{"X-Forwarded-For", kHome}, {"Content-Type", kJsonType}};
  const auto change = [&] {
    return client.request("POST", kMyPasswordPath, by_token,
                          R"({"current_password":"wrong","new_password":"another one"})");
  };
  const auto sign_in = [&] {
    return client.request("POST", kSessionPath, by_none, login_json(kUser, "wrong"));
  };
  EXPECT_EQ(server.status_from(kHome), 400);
  EXPECT_EQ(server.me_from(kHome, kUser, "wrong").status, 401);
  EXPECT_EQ(change().status, 400);
  EXPECT_EQ(sign_in().status, 400);
  EXPECT_EQ(server.status_from(kHome), 429);
  EXPECT_EQ(server.me_from(kHome, kUser, "wrong").status, 429);
  EXPECT_EQ(change().status, 429);
  EXPECT_EQ(sign_in().status, 429);
}

TEST(C20, OfManyGuessesAtOnceWhereThePersonLoggedInNoMoreGetThroughThanInARow) {
  constexpr std::size_t kClients = 20;
  constexpr int kCores = 2;
  ThrottledServer server(throttled(4, 0, kLongWindow));
  EXPECT_EQ(server.status_from(kHome, kUser, kPassword), 200);
  attack(server);
  std::vector<int> statuses(kClients);
  at_once(kClients, [&](std::size_t i) { statuses[i] = server.status_from(kHome); });
  const auto tried = std::count(statuses.begin(), statuses.end(), 400);
  EXPECT_GE(tried, 4);
  EXPECT_LE(tried, 4 + kCores - 1);
  EXPECT_EQ(tried + std::count(statuses.begin(), statuses.end(), 429), static_cast<int>(kClients));
}

TEST(C20, NobodyLocksAPersonOutOfWhereHeLoggedIn) {
  ThrottledServer server(throttled(2, 0));
  EXPECT_EQ(server.status_from(kHome, kUser, kPassword), 200);
  EXPECT_EQ(server.me_from("2001:db8:0:1::1", kUser, kPassword).status, 200) << "a login by Basic counts too";
  EXPECT_EQ(server.status_from(kStranger), 400);
  EXPECT_EQ(server.status_from(kStranger), 400);
  expect_login_throttled(server.log_in_from(kStranger, kUser, "wrong"));

  EXPECT_EQ(server.status_from(kHome, kUser, kPassword), 200);
  EXPECT_EQ(server.status_from(kHome), 400) << "a guess is answered as ever there";
  EXPECT_EQ(server.status_from(kHome, kUser, kPassword), 200);
  EXPECT_EQ(server.me_from(kHome, kUser, kPassword).status, 200);
  EXPECT_EQ(server.status_from("2001:db8:0:1::2", kUser, kPassword), 200);
  EXPECT_EQ(server.status_from("2001:db8:0:2::1", kUser, kPassword), 429);
  expect_login_throttled(server.log_in_from(kElsewhere, kUser, kPassword));

  add_user(server.process().data(), "bob", "bob's");
  EXPECT_EQ(server.status_from(kStranger, "bob"), 400);
  EXPECT_EQ(server.status_from(kStranger, "bob"), 400);
  EXPECT_EQ(server.status_from(kHome, "bob", "bob's"), 429) << "it is another who logged in there";
}

TEST(C20, WhereAPersonLoggedInIsKnownAfterARestart) {
  ThrottledServer server(throttled(1, 0));
  EXPECT_EQ(server.status_from(kHome, kUser, kPassword), 200);
  server.process().kill();
  server.process().start_again();
  EXPECT_EQ(server.status_from(kStranger), 400);
  EXPECT_EQ(server.status_from(kStranger, kUser, kPassword), 429);
  EXPECT_EQ(server.status_from(kHome, kUser, kPassword), 200);
}

TEST(C20, AKnownAddressIsStillThrottledAsAnAddress) {
  ThrottledServer server(throttled(5, 3));
  EXPECT_EQ(server.status_from(kHome, kUser, kPassword), 200);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(server.status_from(kHome), 400);
  expect_login_throttled(server.log_in_from(kHome, kUser, kPassword));
}

TEST(C20, WhatFailsWhereAPersonLoggedInCountsForAllOtherAddresses) {
  ThrottledServer server(throttled(2, 0));
  EXPECT_EQ(server.status_from(kHome, kUser, kPassword), 200);
  EXPECT_EQ(server.status_from(kHome), 400);
  EXPECT_EQ(server.status_from(kHome), 400);
  expect_login_throttled(server.log_in_from(kHome, kUser, kPassword));
  expect_login_throttled(server.log_in_from(kElsewhere, kUser, kPassword));
}

TEST(C20, APasswordThatIsResetEndsWhatWasKnownByTheLastOne) {
  ThrottledServer server(throttled(2, 0));
  EXPECT_EQ(server.status_from(kHome, kUser, kPassword), 200);
  expect_command_done(
      run_latchkey(server.process().data(), {"user", "passwd", kUser, "--password-stdin"}, "new one\n"));
  server.process().start_again();  // it forgets that the command unlocked the name
  attack(server);
  EXPECT_EQ(server.status_from(kHome, kUser, "new one"), 429);
}

TEST(C20, ADisablingEndsWhatWasKnownThoughTheUserIsEnabledAgain) {
  ThrottledServer server(throttled(2, 0));
  EXPECT_EQ(server.status_from(kHome, kUser, kPassword), 200);
  expect_command_done(run_latchkey(server.process().data(), {"user", "disable", kUser}));
  expect_command_done(run_latchkey(server.process().data(), {"user", "enable", kUser}));
  attack(server);
  EXPECT_EQ(server.status_from(kHome, kUser, kPassword), 429);
}

TEST(C20, AnotherUserOfTheSameNameIsKnownNowhere) {
  ThrottledServer server(throttled(2, 0));
  EXPECT_EQ(server.status_from(kHome, kUser, kPassword), 200);
  expect_command_done(run_latchkey(server.process().data(), {"user", "delete", kUser}));
  add_user(server.process().data(), kUser, kPassword);
  attack(server);
  EXPECT_EQ(server.status_from(kHome, kUser, kPassword), 429);
}

TEST(C20, WhoSetsHimselfAPasswordIsKnownWhereHeDidIt) {
  ThrottledServer server(throttled(2, 0));
  const std::string token = token_in(server.log_in_from(kHome, kUser, kPassword));
  EXPECT_EQ(server.status_from(kElsewhere, kUser, kPassword), 200);
  HttpClient client(server.process().port());
  const HeaderLines headers = {{"Authorization", "Token " + token},
                               {"X-Forwarded-For", kHome},
                               {"User-Agent", "c20"},
                               {"Content-Type", kJsonType}};
  const Response changed =
      client.request("POST", kMyPasswordPath, headers,
                     R"({"current_password":"correct horse","new_password":"battery staple"})");
  ASSERT_EQ(changed.status, 200) << changed.body;
  attack(server);
  EXPECT_EQ(server.status_from(kHome, kUser, "battery staple"), 200);
  EXPECT_EQ(server.status_from(kElsewhere, kUser, "battery staple"), 429);
}

TEST(C20, OfAUsersAddressesTheLatestHundredAreKnown) {
  ThrottledServer server(throttled(2, 0));
  const auto address = [](int number) { return "203.0.113." + std::to_string(number); };
  for (int i = 0; i <= 100; ++i) ASSERT_EQ(server.status_from(address(i), kUser, kPassword), 200);
  attack(server);
  EXPECT_EQ(server.status_from(address(0), kUser, kPassword), 429);
  EXPECT_EQ(server.status_from(address(1), kUser, kPassword), 200);
  EXPECT_EQ(server.status_from(address(100), kUser, kPassword), 200);
}

}  // namespace
}  // namespace latchkey::test
