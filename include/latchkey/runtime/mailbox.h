// The mailbox between the server's threads: cores, hash workers, the store. Each thread owns one `Port`. A
// message is sent to another port, works there, and always comes home. It lives in its sender, usually in a
// coroutine's frame, and is never copied. Queues are bounded and single-producer; the sender must handle a
// full one. The doorbell wakes a thread that waits in the kernel. Each pair has at most one outstanding.
#pragma once

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "latchkey/base/counter.h"
#include "latchkey/base/result.h"
#include "latchkey/runtime/nursery.h"
#include "latchkey/runtime/task.h"
#include "runtime/spsc_queue.h"

namespace latchkey::runtime {

using PortId = std::uint32_t;

class Port;

class Message {
 public:
  /// The error of an Errand that was not sent. A base of errands may name its thread instead.
  static constexpr const char* kQueueIsFull = "the way to another thread is full";

  Message() = default;
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  /// Runs on the thread that it was sent to. Calls `there.finish(*this)` at the end, at once or later on that
  /// thread.
  virtual void work(Port& there) noexcept = 0;
  /// Runs once on the sender's thread, after finish.
  virtual void done() noexcept = 0;

  /// The port that sent it. Only the mailbox sets it.
  PortId origin() const noexcept { return origin_; }
  void set_origin(PortId origin) noexcept { origin_ = origin; }

 protected:
  ~Message() = default;

 private:
  PortId origin_ = 0;
};

/// Wakes the thread of another port. Implementations send IORING_OP_MSG_RING from the caller's own ring.
class Doorbell {
 public:
  virtual ~Doorbell() = default;
  /// Called on the owner's thread, once until the other side has drained. If it turns out later that the ring
  /// failed, the doorbell calls `Port::wake_failed`.
  virtual void wake(PortId to) noexcept = 0;
};

class Mailbox;

class Port {
 public:
  static constexpr std::int64_t kWakeAgainMs = 1;

  Port(Mailbox& mailbox, PortId id) noexcept : mailbox_(mailbox), id_(id) {}
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  PortId id() const noexcept { return id_; }

  /// Requires: nothing has been sent yet.
  /// Lifetime: `doorbell` outlives the port's use.
  void set_doorbell(Doorbell* doorbell) noexcept { doorbell_ = doorbell; }

  /// Sends a message. Returns false, and sends nothing, if the queue to `to` holds as many unfinished
  /// messages as it may.
  [[nodiscard]] bool send(PortId to, Message& message) noexcept;

  /// How many messages found their queue full.
  /// Thread: any.
  std::uint64_t refused() const noexcept { return refused_.value(); }
  /// How many messages to `to` are not home yet.
  std::size_t unfinished(PortId to) const noexcept;

  /// Sends a message home from where it worked. Never full: the way back has room for all that may be out.
  void finish(Message& message) noexcept;

  /// Runs the messages that have arrived, at most `capacity` per way and kind. Messages sent meanwhile ring
  /// again. The owner calls it when its doorbell rang. Returns how many messages ran.
  std::size_t drain() noexcept;

  /// Notes that the owner's doorbell did not reach `to`. `wake_again` rings it again.
  void wake_failed(PortId to) noexcept;

  /// Whether a failed ring has not been retried yet. The owner then waits no longer than `kWakeAgainMs`.
  bool owes_wakes() const noexcept { return owes_wakes_; }

  /// Retries failed rings. Called once per pass of the owner's loop, after its wait.
  void wake_again() noexcept;

  /// Tasks that other threads asked this one to run (`call_task`). The thread's loop ends after them.
  Nursery& nursery() noexcept { return nursery_; }

 private:
  void wake(PortId to) noexcept;

  Mailbox& mailbox_;
  const PortId id_;
  Doorbell* doorbell_ = nullptr;
  bool owes_wakes_ = false;
  Counter refused_;
  Nursery nursery_;
};

class Mailbox {
 public:
  /// `capacity` bounds the unfinished messages from one port to another. Memory is ports² × capacity × 16
  /// bytes.
  Mailbox(std::size_t ports, std::size_t capacity);

  Port& port(PortId id) noexcept { return *ports_[id]; }
  std::size_t size() const noexcept { return ports_.size(); }

 private:
  friend class Port;

  /// One direction between two ports.
  struct Way {
    explicit Way(std::size_t capacity) : requests(capacity), replies(capacity) {}
    SpscQueue<Message*> requests;
    SpscQueue<Message*> replies;
    alignas(kCacheLineBytes) std::atomic<bool> woken{false};
    // The sender's alone: how many of its requests on this way are not home yet, and whether a ring failed.
    alignas(kCacheLineBytes) std::size_t unfinished = 0;
    bool owes_wake = false;
  };

  Way& way(PortId from, PortId to) noexcept { return *ways_[from * ports_.size() + to]; }

  std::vector<std::unique_ptr<Port>> ports_;
  std::vector<std::unique_ptr<Way>> ways_;
};

/// `Result<T>` for both T and Result<T>: the result of an errand, which may not even have been sent.
template <class T>
struct ResultOf {
  using Type = Result<T>;
};
template <class T>
struct ResultOf<Result<T>> {
  using Type = Result<T>;
};

/// A message that a coroutine waits for. `co_await` sends it, and returns its outcome once it is home. A
/// derived class does the work and calls `set_outcome` before it comes home. `work` is declared in `Base`, a
/// Message.
/// Errors: kOverloaded when the queue to `to` is full and nothing was sent; those of an Outcome that is a
/// Result.
/// Lifetime: `from` outlives the wait.
template <class Outcome, class Base = Message>
class Errand : public Base {
 public:
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiter) noexcept {
    waiter_ = waiter;
    return from_.send(to_, *this);
  }
  typename ResultOf<Outcome>::Type await_resume() {
    if (!outcome_.has_value()) return failure(ErrorCode::kOverloaded, Base::kQueueIsFull);
    return std::move(*outcome_);
  }

  void done() noexcept final { waiter_.resume(); }

 protected:
  template <class... BaseArguments>
  Errand(Port& from, PortId to, BaseArguments&&... base)
      : Base(std::forward<BaseArguments>(base)...), from_(from), to_(to) {}
  ~Errand() = default;

  /// Thread: the one that does the work, or a later holder of the message.
  void set_outcome(Outcome outcome) { outcome_.emplace(std::move(outcome)); }
  const Outcome& outcome() const noexcept { return *outcome_; }

 private:
  Port& from_;
  const PortId to_;
  std::coroutine_handle<> waiter_;
  std::optional<Outcome> outcome_;
};

template <class F>
class Call final : public Errand<std::invoke_result_t<F&, Port&>> {
  static_assert(!std::is_void_v<std::invoke_result_t<F&, Port&>>,
                "a call returns something: use Result<void> or bool");

 public:
  Call(Port& from, PortId to, F function) : Call::Errand(from, to), function_(std::move(function)) {}

  void work(Port& there) noexcept override {
    this->set_outcome(function_(there));
    there.finish(*this);
  }

 private:
  F function_;
};

/// `co_await call(from, to, f)` runs `f(Port& there)` on the thread of `to` and returns its value, as an
/// Errand.
/// Lifetime: `f` is moved into the awaiting frame. What it refers to outlives the wait.
template <class F>
Call<F> call(Port& from, PortId to, F function) {
  return Call<F>(from, to, std::move(function));
}

/// The value of the task that a function `F(Port&)` returns.
template <class F>
using TaskOutcome =
    decltype(std::declval<std::invoke_result_t<F&, Port&>>().operator co_await().await_resume());

template <class F>
class CallTask final : public Errand<TaskOutcome<F>> {
 public:
  CallTask(Port& from, PortId to, F function) : CallTask::Errand(from, to), function_(std::move(function)) {}

  void work(Port& there) noexcept override { there.nursery().spawn(run(*this, there)); }

 private:
  static Task<void> run(CallTask& self, Port& there) {
    {
      auto task = self.function_(there);
      self.set_outcome(co_await task);
    }
    there.finish(self);
  }

  F function_;
};

/// Like `call`, for an `f(Port& there)` that returns a Task. The task runs in the other thread's nursery.
template <class F>
CallTask<F> call_task(Port& from, PortId to, F function) {
  return CallTask<F>(from, to, std::move(function));
}

}  // namespace latchkey::runtime
