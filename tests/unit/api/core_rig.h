// One core's loop and its one hash worker, both driven by hand, with a user who may log in. For tests of the
// steps between a password and its token.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string_view>

#include "latchkey/credential/authenticator.h"
#include "support/base_doubles.h"
#include "support/credential_doubles.h"
#include "support/hash_rig.h"
#include "support/loop_rig.h"
#include "support/runtime_doubles.h"

namespace latchkey::api {

class CoreTest : public ::testing::Test {
 protected:
  /// `hash_queue` is how many logins may wait for the worker.
  explicit CoreTest(std::size_t hash_queue) : hasher_(mailbox_.port(0), *pool_, hash_queue) {
    for (runtime::PortId id = 0; id < mailbox_.size(); ++id) mailbox_.port(id).set_doorbell(&doorbell_);
    credential::User& alice = directory_.user.emplace();
    alice.id = 7;
    alice.name = "alice";
  }

  void set_password(std::string_view password) {
    directory_.user->password_hash = *credential::make_hash(password, test::kCheapHash);
    ++directory_.user->password_number;
  }
  /// Runs everything that needs no time to pass.
  virtual void turn() {
    while (mailbox_.port(1).drain() + mailbox_.port(0).drain() > 0) continue;
  }
  /// Lets time pass too, until it is done: a refusal is answered at the end of a step.
  template <class IsDone>
  void finish(IsDone is_done) {
    turn();
    for (int i = 0; i < 1000 && !is_done(); ++i) {
      clock_.advance_ms(10);
      loop_.pass();
      turn();
    }
  }

  SystemRandom random_;
  test::KeptLog log_;
  test::SilentDoorbell doorbell_;
  test::LoopRig loop_rig_{{.ports = 2, .messages_per_way = 8}};
  ManualClock& clock_ = loop_rig_.clock();
  runtime::Mailbox& mailbox_ = loop_rig_.mailbox();
  runtime::Loop& loop_ = loop_rig_.loop();
  std::unique_ptr<credential::HashPool> pool_ = test::must_make_pool({1}, test::kCheapHash, clock_);
  credential::HashClient hasher_;
  test::OneUser directory_;
  credential::Authenticator authenticator_{directory_, hasher_, log_};
};

}  // namespace latchkey::api
