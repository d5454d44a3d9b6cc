// Clocks that jump. The calendar is set by hours, forward and back, while the server runs and between two
// runs. A token still lives for its timeout after its last use. A library (support/clock_shift.cc) moves the
// server's clocks, so hours pass at once.
#include <gtest/gtest.h>

#include "latchkey/base/sanitized.h"
#include "support/clock_shift.h"
#include "support/control_page.h"
#include "support/rig.h"

namespace latchkey::test {
namespace {

constexpr std::int64_t kMinute = 60;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kTimeout = 30 * kMinute;  // the setting's default

/// A server whose calendar is set, and whose time passes, on the test's command.
class ClockJump : public ::testing::TestWithParam<std::int64_t> {
 protected:
  void SetUp() override {
    if (kAddressSanitized) GTEST_SKIP() << "the sanitizer wants to be the first library, and reads the clock";
    ServerOptions options;
    options.environment = shift_.environment(kClockShiftLibrary, kClockShiftVariable);
    server_.emplace(options);
  }

  /// Sets the calendar by this much. No time passes.
  void set_calendar(std::int64_t seconds) { shift_->set_s += seconds; }
  void let_pass(std::int64_t seconds) { shift_->passed_s += seconds; }
  void restart() { server_->process.start_again(); }
  /// Restarts as after a crash.
  void kill_and_restart() {
    server_->process.kill();
    server_->process.start_again();
  }

  // Each request uses a new connection, because a jump of the time ends idle ones.
  std::string login(const std::string& agent) {
    HttpClient client(server_->process.port());
    return obtain_token(client, agent);
  }
  Response use(const std::string& token, const std::string& agent) {
    HttpClient client(server_->process.port());
    return use_token(client, token, agent);
  }
  void expect_alive(const std::string& token, const std::string& agent) {
    const Response response = use(token, agent);
    EXPECT_EQ(response.status, 200) << response.body;
  }
  void expect_ended(const std::string& token, const std::string& agent) {
    EXPECT_EQ(use(token, agent).status, 401);
  }

  TemporaryDirectory scratch_;
  ControlPage<ClockShift> shift_{scratch_ / "clocks"};
  std::optional<OwnServer> server_;
};

TEST_P(ClockJump, OfARunningServerMovesNoTokensEnd) {
  const std::string before = login("before");
  set_calendar(GetParam());
  expect_alive(before, "before");
  const std::string after = login("after");
  expect_alive(after, "after");
  let_pass(kTimeout - kMinute);
  expect_alive(before, "before");
  let_pass(kTimeout - kMinute);
  expect_alive(before, "before");
  EXPECT_EQ(refusal_of(use(after, "after")), "Token is expired");
  set_calendar(-GetParam());
  expect_alive(before, "before");
  let_pass(kTimeout + kMinute);
  EXPECT_EQ(refusal_of(use(before, "before")), "Token is expired");
}

TEST_P(ClockJump, BeforeARestartMovesNoTokensEnd) {
  const std::string used = login("used");
  const std::string idle = login("idle");
  set_calendar(GetParam());
  let_pass(kTimeout / 2);
  expect_alive(used, "used");
  restart();
  let_pass(kTimeout / 2 - kMinute);
  restart();
  let_pass(2 * kMinute);
  expect_alive(used, "used");
  EXPECT_EQ(refusal_of(use(idle, "idle")), "Token is expired");
  let_pass(kTimeout + kMinute);
  expect_ended(used, "used");
}

TEST_P(ClockJump, BeforeACrashMovesNoTokensEndByMoreThanACrashDoes) {
  const std::string used = login("used");
  set_calendar(GetParam());
  // A commit tells the database about it.
  const std::string idle = login("idle");
  let_pass(kTimeout / 2);
  expect_alive(used, "used");
  ASSERT_NO_THROW(login("one more commit"));
  kill_and_restart();
  let_pass(kTimeout / 2 - kMinute);
  expect_alive(used, "used");
  let_pass(kTimeout / 10 + 2 * kMinute);
  EXPECT_EQ(refusal_of(use(idle, "idle")), "Token is expired");
  let_pass(kTimeout + kMinute);
  expect_ended(used, "used");
}

INSTANTIATE_TEST_SUITE_P(, ClockJump, ::testing::Values(5 * kHour, -5 * kHour),
                         [](const auto& jump) { return jump.param > 0 ? "Forward" : "Back"; });

class ClockJumpWhileDown : public ClockJump {};

TEST_P(ClockJumpWhileDown, BackDoesNotProlongATokenWithEveryStart) {
  const std::string token = login("browser");
  server_->process.stop();
  set_calendar(GetParam());
  restart();
  for (int i = 0; i < 3; ++i) {
    let_pass(kTimeout / 3 + kMinute);
    restart();
  }
  EXPECT_EQ(use(token, "browser").status, 401);
}

TEST_P(ClockJumpWhileDown, BackEndsNoToken) {
  const std::string token = login("browser");
  server_->process.stop();
  set_calendar(GetParam());
  restart();
  let_pass(kTimeout - kMinute);
  expect_alive(token, "browser");
  restart();
  expect_alive(token, "browser");
}

INSTANTIATE_TEST_SUITE_P(, ClockJumpWhileDown, ::testing::Values(-5 * kHour, -24 * 365 * kHour));

}  // namespace
}  // namespace latchkey::test
