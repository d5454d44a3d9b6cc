// When an administrator unlocks a name, or sets its password, its failures count at each address alone for a
// window. So its user gets in although strangers guess without end (C-20).
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "throttled_server.h"

namespace latchkey::test {
namespace {

constexpr int kByUser = 3;

std::string stranger(int number) { return "198.51.100." + std::to_string(number); }

/// Makes one guess from each of many addresses, until one is refused.
void attack(ThrottledServer& server) {
  for (int i = 0; i < 100; ++i) {
    if (server.status_from(stranger(i)) == 429) return;
  }
  ADD_FAILURE() << "nobody is ever refused";
}

Finished unlock(ThrottledServer& server) {
  return run_latchkey(server.process().data(), {"user", "unlock", kUser});
}

/// Runs `work` while strangers guess from ever new addresses.
void under_attack(ThrottledServer& server, const std::function<void()>& work) {
  std::atomic<bool> over = false;
  std::thread attacker([&] {
    for (int i = 0; !over; i = (i + 1) % 100) server.status_from(stranger(100 + i));
  });
  work();
  over = true;
  attacker.join();
}

TEST(C20, TheRightPasswordIsLetInDuringAnAttackOnceItsNameIsUnlocked) {
  ThrottledServer server(throttled(kByUser, 50));
  attack(server);
  under_attack(server, [&] {
    expect_login_throttled(server.log_in_from(kHome, kUser, kPassword));
    const Finished unlocked = unlock(server);
    EXPECT_EQ(unlocked.status, 0) << unlocked.errors;
    EXPECT_NE(unlocked.output.find("3600 seconds"), std::string::npos) << unlocked.output;
    EXPECT_NE(unlocked.output.find("3 guesses at once from each address"), std::string::npos)
        << unlocked.output;
    // Each on a new connection, so that any core may get it.
    for (int i = 0; i < 8; ++i)
      EXPECT_EQ(server.status_from("192.0.2." + std::to_string(i), kUser, kPassword), 200);
  });
}

TEST(C20, ANewPasswordIsLetInDuringAnAttack) {
  ThrottledServer server(throttled(kByUser, 50));
  EXPECT_EQ(server.status_from(kHome, kUser, kPassword), 200);
  attack(server);
  under_attack(server, [&] {
    const Finished set =
        run_latchkey(server.process().data(), {"user", "passwd", kUser, "--password-stdin"}, "new one\n");
    EXPECT_EQ(set.status, 0) << set.errors;
    EXPECT_NE(set.output.find("3 guesses at once from each address"), std::string::npos) << set.output;
    EXPECT_EQ(server.status_from(kElsewhere, kUser, "new one"), 200);
    EXPECT_EQ(server.status_from(kHome, kUser, "new one"), 200);
  });
}

TEST(C20, AnUnlockedNameIsStillThrottledAtEachAddress) {
  ThrottledServer server(throttled(kByUser, 50));
  attack(server);
  EXPECT_EQ(unlock(server).status, 0);
  for (int address = 101; address < 105; ++address) {
    for (int i = 0; i < kByUser; ++i) EXPECT_EQ(server.status_from(stranger(address)), 400);
    expect_login_throttled(server.log_in_from(stranger(address), kUser, kPassword));
  }
  EXPECT_EQ(server.status_from(kHome, kUser, kPassword), 200);
}

TEST(C20, AnUnlockedNameDoesNotLetAnAddressThatFailedTooOften) {
  ThrottledServer server(throttled(kByUser, 4));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(server.status_from(kStranger, "name" + std::to_string(i)), 400);
  EXPECT_EQ(unlock(server).status, 0);
  expect_login_throttled(server.log_in_from(kStranger, kUser, kPassword));
}

TEST(C20, WhoHasFailedTooOftenHimselfIsLetInAtOnceWhenHisNameIsUnlocked) {
  ThrottledServer server(throttled(kByUser, 50));
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < kByUser; ++i) EXPECT_EQ(server.status_from(kHome), 400);
    EXPECT_EQ(server.status_from(kHome, kUser, kPassword), 429);
    EXPECT_EQ(unlock(server).status, 0);
    EXPECT_EQ(server.status_from(kHome, kUser, kPassword), 200);
  }
}

TEST(C20, ANameIsUnlockedForOneWindow) {
  ThrottledServer server(throttled(1, 0, "1s"));
  EXPECT_EQ(unlock(server).status, 0);
  // From ever new addresses: none of them is refused while the name is unlocked.
  const auto end = std::chrono::steady_clock::now() + kPatience;
  int status = 400;
  for (int i = 0; status == 400 && std::chrono::steady_clock::now() < end; ++i)
    status = server.status_from("2001:db8:" + std::to_string(i % 10'000) + "::1");
  EXPECT_EQ(status, 429);
}

TEST(C20, ARestartEndsAnUnlocking) {
  ThrottledServer server(throttled(kByUser, 0));
  EXPECT_EQ(unlock(server).status, 0);
  server.process().start_again();
  attack(server);
  EXPECT_EQ(server.status_from(kHome, kUser, kPassword), 429);
}

}  // namespace
}  // namespace latchkey::test
