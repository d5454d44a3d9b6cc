#include "latchkey/runtime/worker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "latchkey/runtime/nursery.h"
#include "support/loop_rig.h"

namespace latchkey::runtime {
namespace {

constexpr PortId kMain = 0;
constexpr PortId kFirst = 1;
constexpr PortId kSecond = 2;

class CountingHooks final : public WorkerHooks {
 public:
  void started(Port&) noexcept override { ++starts; }
  void after_batch(Port&) noexcept override { ++batches; }
  int starts = 0;
  int batches = 0;
};

/// Tests with the main thread's own ring and port, and two workers.
class WorkerTest : public ::testing::Test {
 protected:
  WorkerTest() {
    first_ = make(kFirst, first_hooks_);
    second_ = make(kSecond, second_hooks_);
    rings_ = {ring_->fd(), first_->ring_fd(), second_->ring_fd()};
    doorbell_ = std::make_unique<RingDoorbell>(*ring_, port_, rings_, true);
    LATCHKEY_ASSERT(ring_->enable().has_value());
    LATCHKEY_ASSERT(first_->start(rings_).has_value());
    LATCHKEY_ASSERT(second_->start(rings_).has_value());
  }
  ~WorkerTest() override {
    first_->stop(port_);
    second_->stop(port_);
  }

  std::unique_ptr<Worker> make(PortId id, WorkerHooks& hooks) {
    Result<std::unique_ptr<Worker>> worker = Worker::create(mailbox_.port(id), "test-worker", hooks);
    LATCHKEY_ASSERT(worker.has_value());
    return std::move(*worker);
  }

  /// Waits for the workers' doorbells until `condition` holds.
  template <class Condition>
  void until(Condition&& condition) {
    while (!condition()) {
      ring_->wait(-1);
      if (ring_->run_completions()) port_.drain();
    }
  }

  Mailbox mailbox_{3, 128};
  Port& port_ = mailbox_.port(kMain);
  std::unique_ptr<Ring> ring_ = test::make_ring();
  std::unique_ptr<RingDoorbell> doorbell_;
  RingTable rings_;
  CountingHooks first_hooks_;
  CountingHooks second_hooks_;
  std::unique_ptr<Worker> first_;
  std::unique_ptr<Worker> second_;
};

class Append final : public Message {
 public:
  Append(std::vector<int>& list, int value) : list_(list), value_(value) {}
  void work(Port& there) noexcept override {
    worker_thread = std::this_thread::get_id();
    list_.push_back(value_);
    there.finish(*this);
  }
  void done() noexcept override { home = true; }
  std::thread::id worker_thread;
  bool home = false;

 private:
  std::vector<int>& list_;
  int value_;
};

TEST_F(WorkerTest, MessagesRunInOrderOnAThreadOfItsOwn) {
  std::vector<int> list;
  std::vector<std::unique_ptr<Append>> messages;
  std::vector<int> expected;
  for (int i = 0; i < 100; ++i) {
    messages.push_back(std::make_unique<Append>(list, i));
    ASSERT_TRUE(port_.send(kFirst, *messages.back()));
    expected.push_back(i);
  }
  until([&messages] { return messages.back()->home; });
  EXPECT_EQ(list, expected);
  EXPECT_NE(messages.front()->worker_thread, std::this_thread::get_id());
  first_->stop(port_);
  EXPECT_EQ(first_hooks_.starts, 1);
  EXPECT_GE(first_hooks_.batches, 1);
}

TEST_F(WorkerTest, StopRunsWhatHadArrivedBefore) {
  std::vector<int> list;
  std::vector<std::unique_ptr<Append>> messages;
  for (int i = 0; i < 100; ++i) {
    messages.push_back(std::make_unique<Append>(list, i));
    ASSERT_TRUE(port_.send(kFirst, *messages.back()));
  }
  first_->stop(port_);
  EXPECT_EQ(list.size(), 100U);
  port_.drain();
  for (const auto& message : messages) EXPECT_TRUE(message->home);
}

Task<int> ask_second(Port& first, std::atomic<bool>& asked) {
  asked.store(true);
  auto call_on = call(first, kSecond, [](Port& second) { return static_cast<int>(second.id()) * 10; });
  const Result<int> answer = co_await call_on;
  co_return answer.value_or(-1);
}

Task<void> ask_first(Port& main, std::atomic<bool>& asked, std::optional<int>& answer) {
  auto call_on = call_task(main, kFirst, [&asked](Port& first) { return ask_second(first, asked); });
  const Result<int> value = co_await call_on;
  answer = value.value_or(-2);
}

TEST_F(WorkerTest, StopWaitsForATaskThatWaitsForAnotherWorker) {
  std::atomic<bool> asked{false};
  std::optional<int> answer;
  Nursery nursery;
  nursery.spawn(ask_first(port_, asked, answer));
  first_->stop(port_);
  EXPECT_TRUE(asked.load());
  until([&answer] { return answer.has_value(); });
  EXPECT_EQ(answer, 20);
}

TEST_F(WorkerTest, StoppingTwiceIsStoppingOnce) {
  first_->stop(port_);
  first_->stop(port_);
}

}  // namespace
}  // namespace latchkey::runtime
