// The mailbox between loops on threads of their own, with real rings and doorbells. Runs under
// ThreadSanitizer.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "latchkey/runtime/event.h"
#include "latchkey/runtime/loop.h"
#include "latchkey/runtime/mailbox.h"
#include "support/loop_rig.h"
#include "support/runtime_doubles.h"

namespace latchkey::runtime {
namespace {

struct Counts {
  std::uint64_t answered = 0;
  std::uint64_t overloaded = 0;
  std::uint64_t wrong = 0;
};

/// A loop on its own thread. It calls all callers, itself included, and ends when all have said that they are
/// done.
class Caller final : private LoopHook {
 public:
  Caller(Mailbox& mailbox, PortId id, std::size_t callers, int tasks, int calls)
      : loop_(test::make_ring(), mailbox.port(id), clock_), callers_(callers), tasks_(tasks), calls_(calls) {
    loop_.add_hook(*this);
  }

  int ring_fd() { return loop_.ring().fd(); }
  void set_callers(std::vector<std::unique_ptr<Caller>>& all) { all_ = &all; }

  void run(const RingTable& rings, std::atomic<std::size_t>& enabled) {
    const Result<void> started = loop_.start(rings);
    LATCHKEY_ASSERT(started.has_value());
    enabled.fetch_add(1);
    while (enabled.load() < callers_) std::this_thread::yield();
    loop_.nursery().spawn(work());
    loop_.run();
  }

  const Counts& counts() const { return counts_; }
  std::uint64_t worked() const { return worked_; }

 private:
  std::int64_t pass(BootTime now) noexcept override {
    test::wake_now(yielded_);
    // Not at once, because the other threads need the processors too.
    return yielded_.has_waiters() ? now.ms + 1 : kNever;
  }

  Task<void> work() {
    Nursery callers;
    for (int i = 0; i < tasks_; ++i) callers.spawn(make_calls(i));
    co_await callers.join();
    for (PortId to = 0; to < callers_; ++to) {
      Caller* const other = (*all_)[to].get();
      auto said = call(loop_.port(), to, [other](Port&) { return other->one_is_done(); });
      const Result<bool> heard = co_await said;
      LATCHKEY_ASSERT(heard.has_value());
    }
  }

  Task<void> make_calls(int seed) {
    for (int i = 0; i < calls_;) {
      const auto to = static_cast<PortId>(static_cast<std::size_t>(seed + i) % callers_);
      Caller* const other = (*all_)[to].get();
      const std::uint64_t value = static_cast<std::uint64_t>(i);
      Result<std::uint64_t> answer = std::uint64_t{0};
      if (i % 2 == 0) {
        auto asked =
            call(loop_.port(), to, [other, value](Port& there) { return other->double_of(there, value); });
        answer = co_await asked;
      } else {
        auto asked = call_task(loop_.port(), to,
                               [other, value](Port& there) { return other->slow_double(there, value); });
        answer = co_await asked;
      }
      if (!answer) {
        ++counts_.overloaded;
        co_await yielded_.wait();
        continue;
      }
      ++counts_.answered;
      if (*answer != 2 * value) ++counts_.wrong;
      ++i;
    }
  }

  // Both run on this caller's own thread, so they touch its state without a lock.
  std::uint64_t double_of(Port& there, std::uint64_t value) {
    LATCHKEY_ASSERT(&there == &loop_.port());
    ++worked_;
    return 2 * value;
  }
  Task<std::uint64_t> slow_double(Port& there, std::uint64_t value) {
    co_await yielded_.wait();
    co_return double_of(there, value);
  }

  bool one_is_done() {
    if (++done_ == callers_) loop_.stop();
    return true;
  }

  SystemClock clock_;
  Loop loop_;
  const std::size_t callers_;
  const int tasks_;
  const int calls_;
  std::vector<std::unique_ptr<Caller>>* all_ = nullptr;
  Broadcast yielded_;
  Counts counts_;
  std::uint64_t worked_ = 0;
  std::size_t done_ = 0;
};

struct Totals {
  Counts counts;
  std::uint64_t worked = 0;
};

Totals run_callers(std::size_t callers, std::size_t capacity, int tasks, int calls) {
  Mailbox mailbox(callers, capacity);
  std::vector<std::unique_ptr<Caller>> all;
  RingTable rings;
  for (PortId id = 0; id < callers; ++id) {
    all.push_back(std::make_unique<Caller>(mailbox, id, callers, tasks, calls));
    rings.push_back(all.back()->ring_fd());
  }
  std::atomic<std::size_t> enabled{0};
  std::vector<std::thread> threads;
  for (const auto& caller : all) {
    caller->set_callers(all);
    threads.emplace_back([&caller, &rings, &enabled] { caller->run(rings, enabled); });
  }
  for (std::thread& thread : threads) thread.join();
  Totals totals;
  for (const auto& caller : all) {
    totals.counts.answered += caller->counts().answered;
    totals.counts.overloaded += caller->counts().overloaded;
    totals.counts.wrong += caller->counts().wrong;
    totals.worked += caller->worked();
  }
  return totals;
}

TEST(MailboxThreads, TwoThreadsGetEveryAnswer) {
  const Totals totals = run_callers(2, 64, 8, 1000);
  EXPECT_EQ(totals.counts.answered, 16'000U);
  EXPECT_EQ(totals.worked, 16'000U);
  EXPECT_EQ(totals.counts.wrong, 0U);
}

TEST(MailboxThreads, ThreeThreadsOverNarrowWaysSeeThemFullAndLoseNothing) {
  const Totals totals = run_callers(3, 2, 16, 100);
  EXPECT_EQ(totals.counts.answered, 4800U);
  EXPECT_EQ(totals.worked, 4800U);
  EXPECT_EQ(totals.counts.wrong, 0U);
  EXPECT_GT(totals.counts.overloaded, 0U);
}

TEST(MailboxThreads, OneThreadMayCallItself) {
  const Totals totals = run_callers(1, 4, 3, 1000);
  EXPECT_EQ(totals.counts.answered, 3000U);
  EXPECT_EQ(totals.counts.wrong, 0U);
}

}  // namespace
}  // namespace latchkey::runtime
