// One core's loop and its one hash worker, both turned by hand, with a user who may log in: for the tests of
// what stands between a password and its token.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "../../support/loop_rig.h"
#include "../credential/hash_rig.h"
#include "latchkey/credential/authenticator.h"
#include "latchkey/credential/directory.h"
#include "latchkey/runtime/event.h"

namespace latchkey::api {

/// Lets everyone pass but for the next one, once it is told to stop that one, until it is opened.
class Gate {
 public:
  void stop_next() noexcept { stops_next_ = true; }
  void open() noexcept { waiting_.wake_all(); }
  bool has_waiters() const noexcept { return waiting_.has_waiters(); }

  runtime::Task<void> pass() {
    if (std::exchange(stops_next_, false)) co_await waiting_.wait();
  }

 private:
  bool stops_next_ = false;
  runtime::Broadcast waiting_;
};

class OneUser final : public credential::Directory {
 public:
  runtime::Task<Result<std::optional<credential::User>>> find(std::string name) override {
    if (error) co_return tl::unexpected(*error);
    co_return name == user.name ? std::optional<credential::User>(user) : std::nullopt;
  }
  runtime::Task<Result<std::optional<credential::User>>> find_by_id(std::int64_t) override {
    const credential::User found = user;
    auto passing = gate.pass();
    co_await passing;
    co_return found;
  }
  runtime::Task<Result<bool>> replace_hash(std::int64_t, std::string, std::string) override {
    co_return false;
  }
  runtime::Task<Result<bool>> change_password_hash(std::int64_t, std::int64_t, std::string) override {
    co_return false;
  }

  credential::User user;
  std::optional<Error> error;  ///< of a look for a name, while set
  Gate gate;                   ///< behind a look at the user of an id
};

class CoreTest : public ::testing::Test, private runtime::LoopHook {
 protected:
  /// `hash_queue`: logins that may wait for the worker.
  explicit CoreTest(std::size_t hash_queue) : hasher_(mailbox_.port(0), *pool_, hash_queue) {
    loop_.add_hook(*this);
    rings_.assign(mailbox_.size(), loop_.ring().fd());
    EXPECT_TRUE(loop_.start(rings_).has_value());
    for (runtime::PortId id = 0; id < mailbox_.size(); ++id) mailbox_.port(id).set_doorbell(&doorbell_);
    directory_.user.id = 7;
    directory_.user.name = "alice";
  }

  void set_password(std::string_view password) {
    directory_.user.password_hash = *credential::make_hash(password, credential::kCheapHash);
    ++directory_.user.password_number;
  }
  /// Everything but time takes its course.
  void turn() {
    while (mailbox_.port(1).drain() + mailbox_.port(0).drain() > 0) continue;
  }
  /// And time too, until it is done: a refusal is answered at the end of a step of time.
  template <class IsDone>
  void finish(IsDone is_done) {
    turn();
    for (int i = 0; i < 1000 && !is_done(); ++i) {
      clock_.advance_ms(10);
      loop_.pass();
      turn();
    }
  }

  // Never lets the kernel be waited for: what a test waits for is the clock's.
  std::int64_t pass(BootTime now) noexcept override { return now.ms; }

  ManualClock clock_;
  SystemRandom random_;
  store::KeptLog log_;
  store::SilentDoorbell doorbell_;
  runtime::Mailbox mailbox_{2, 8};
  runtime::RingTable rings_;
  runtime::Loop loop_{test::make_ring(), mailbox_.port(0), clock_};
  std::unique_ptr<credential::HashPool> pool_ =
      credential::must_make_pool({1}, credential::kCheapHash, clock_);
  credential::HashClient hasher_;
  OneUser directory_;
  credential::Authenticator authenticator_{directory_, hasher_, log_};
};

}  // namespace latchkey::api
