// One shard with everything that it works with, for tests: a clock that stands still until moved, a store in
// memory, no helper thread. Coroutines run in `nursery_`. Their results are in what `start` returned.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "latchkey/base/log.h"
#include "latchkey/base/random.h"
#include "latchkey/runtime/nursery.h"
#include "latchkey/token/registry.h"
#include "latchkey/token/shard.h"
#include "support/shard_rig.h"
#include "support/store_doubles.h"
#include "support/token_doubles.h"

namespace latchkey::token {

using test::binding;
using test::test_key_file;

/// The result of a task. Empty while the task runs.
template <class T>
using Ended = std::shared_ptr<std::optional<T>>;

template <class T>
runtime::Task<void> keep_result(runtime::Task<T> task, Ended<T> ended) {
  T value = co_await task;
  ended->emplace(std::move(value));
}

class ShardTest : public ::testing::Test {
 protected:
  static constexpr std::int64_t kTimeoutMs = 60'000;
  static constexpr std::int64_t kRefreshStepMs = kRefreshStep.count();
  static constexpr std::int64_t kAlice = 7;
  static constexpr std::int64_t kBob = 8;

  ShardTest() {
    settings_.timeout = std::chrono::milliseconds(kTimeoutMs);
    settings_.max_tokens = 10'000;
    settings_.max_tombstones = 1'000;
    quiescence_.activate(0);
  }
  ~ShardTest() override { shard_.reset(); }

  Shard& shard() {
    if (shard_ == nullptr) make_shard();
    return *shard_;
  }

  /// Makes a new shard, as a start of the process does: the same clock, new memory.
  void make_shard() {
    registry_.reset();
    shard_.reset();
    shard_ = rig_.make_shard(store_, login_check_, settings_).value();
    registry_.emplace(std::vector<const Table*>{&shard_->table()}, quiescence_, 0, &shard_->writes());
  }

  /// Loads every row of the store into a new shard, and forgets the rows that it says to. As in
  /// store::begin_run, a clean stop keeps it known which records are from before an unclean one.
  void restart(bool clean) {
    make_shard();
    if (!clean) exact_since_ = wall_time(now());
    std::vector<store::RowId> forgotten;
    for (const auto& [row, session] : store_.rows) {
      if (shard_->load(session, now(), exact_since_).value() == Loaded::kForget) forgotten.push_back(row);
    }
    for (const store::RowId row : forgotten) store_.rows.erase(row);
  }

  template <class T>
  Ended<T> start(runtime::Task<T> task) {
    auto ended = std::make_shared<std::optional<T>>();
    nursery_.spawn(keep_result(std::move(task), ended));
    return ended;
  }

  Ended<Result<Login>> start_login(std::int64_t user_id, std::uint32_t from = 1,
                                   std::int64_t password_number = 0) {
    return start(shard().login({.user_id = user_id,
                                .password_number = password_number,
                                .user_name = "user" + std::to_string(user_id),
                                .binding = binding(from),
                                .address = "192.0.2.1",
                                .agent = "test"}));
  }
  Login log_in(std::int64_t user_id, std::uint32_t from = 1) {
    return start_login(user_id, from)->value().value();
  }

  Outcome check(const Token& token, std::uint32_t from = 1) {
    return registry_->check(token, binding(from), now()).outcome;
  }

  TableTime now() const { return rig_.table_clock.now(); }

  /// Passes time as a loop does: the shard is advanced every 50 ms, and the core is quiescent in between.
  void pass_ms(std::int64_t ms) {
    while (ms > 0) {
      const std::int64_t step = std::min<std::int64_t>(ms, 50);
      clock_.advance_ms(step);
      ms -= step;
      turn();
    }
  }
  void turn() {
    quiescence_.activate(0);
    quiescence_.collect(0);
    do {
      shard().advance(now(), 1000);
    } while (shard().behind());
  }

  /// Answers all that wait at a double. Logins that waited for another go on then.
  template <class Double>
  void answer(Double& what) {
    what.answer();
    shard().advance(now(), 0);
  }

  ManualClock clock_;
  SystemRandom random_;
  NoLog log_;
  std::optional<Keyring> keyring_{Keyring(test_key_file())};
  test::FakeStore store_;
  test::FakeLoginCheck login_check_;
  WallTime exact_since_{};
  test::ShardRig rig_{{.clock = clock_, .random = random_, .keyring = *keyring_, .log = log_}};
  runtime::Quiescence& quiescence_ = rig_.quiescence;
  ShardSettings settings_;
  std::unique_ptr<Shard> shard_;
  std::optional<Registry> registry_;
  runtime::Nursery nursery_;
};

}  // namespace latchkey::token
