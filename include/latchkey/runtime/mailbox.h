// The mailbox between the server's threads: cores, hash workers, the store. Each thread owns one `Port`.
// A message is sent to another port, does its work there, and always comes home; it lives in its sender (most
// often in a coroutine's frame) and is never copied. Queues are bounded and single-producer; "full" is the
// sender's to see. The doorbell wakes a thread that waits in the kernel: one outstanding a pair.
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

#include "latchkey/base/result.h"
#include "latchkey/runtime/nursery.h"
#include "latchkey/runtime/task.h"
#include "runtime/spsc_queue.h"

namespace latchkey::runtime {

using PortId = std::uint32_t;

class Port;

class Message {
 public:
  Message() = default;
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  /// Runs on the thread it was sent to. Ends, at once or later on that thread, in `there.finish(*this)`.
  virtual void work(Port& there) noexcept = 0;
  /// Runs on the sender's thread, once, after finish.
  virtual void done() noexcept = 0;

  /// The port that sent it; the mailbox's own to set.
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
  /// Called on the owner's thread, once until the other side has drained. Where the ring turns out to have
  /// failed, the doorbell says so by `Port::wake_failed`.
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

  /// Before the first send; `doorbell` outlives the port's use.
  void set_doorbell(Doorbell* doorbell) noexcept { doorbell_ = doorbell; }

  /// Sends a message. False when the way to `to` holds as many unfinished messages as it may: nothing was
  /// sent.
  [[nodiscard]] bool send(PortId to, Message& message) noexcept;

  /// Sends a message home from where it worked. Never full: the way back has room for all that may be out.
  void finish(Message& message) noexcept;

  /// Runs what has arrived, at most `capacity` messages a way and kind: what is sent meanwhile rings again.
  /// Called by the owner when its doorbell rang. Returns how many messages ran.
  std::size_t drain() noexcept;

  /// A doorbell that the owner rang did not reach `to`: it is rung again by `wake_again`.
  void wake_failed(PortId to) noexcept;

  /// True while a ring that failed has not been tried again. The owner then waits no longer than
  /// `kWakeAgainMs`.
  bool owes_wakes() const noexcept { return owes_wakes_; }

  /// Rings again where a ring failed; once a pass of the owner's loop, after its wait.
  void wake_again() noexcept;

  /// Tasks that others asked this thread to run (`call_task`); the thread's loop ends after they have.
  Nursery& nursery() noexcept { return nursery_; }

 private:
  void wake(PortId to) noexcept;

  Mailbox& mailbox_;
  const PortId id_;
  Doorbell* doorbell_ = nullptr;
  bool owes_wakes_ = false;
  Nursery nursery_;
};

class Mailbox {
 public:
  /// `capacity`: unfinished messages from one port to another. Memory is ports² × capacity × 16 bytes.
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
    // Of the sender alone: how many of its requests on this way have not come home, and a ring that failed.
    alignas(kCacheLineBytes) std::size_t unfinished = 0;
    bool owes_wake = false;
  };

  Way& way(PortId from, PortId to) noexcept { return *ways_[from * ports_.size() + to]; }

  std::vector<std::unique_ptr<Port>> ports_;
  std::vector<std::unique_ptr<Way>> ways_;
};

/// `Result<T>` for a T and for a Result<T>: the result of an errand, which may not even have been sent.
template <class T>
struct ResultOf {
  using Type = Result<T>;
};
template <class T>
struct ResultOf<Result<T>> {
  using Type = Result<T>;
};

/// A message that a coroutine waits for: `co_await` sends it, and gives its outcome once it is home. A
/// derived class does the work and calls `set_outcome` before it comes home; its `work` belongs to `Base`, a
/// Message. Errors: kOverloaded where the queue to `to` is full and nothing was sent; else those of an
/// Outcome that is a Result. Lifetime: `from` outlives the wait.
template <class Outcome, class Base = Message>
class Errand : public Base {
 public:
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiter) noexcept {
    waiter_ = waiter;
    return from_.send(to_, *this);
  }
  typename ResultOf<Outcome>::Type await_resume() {
    if (!outcome_.has_value()) return failure(ErrorCode::kOverloaded, "the way to another thread is full");
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

/// `co_await call(from, to, f)`: runs `f(Port& there)` on the thread of `to` and gives what it returned, as
/// an Errand does. Lifetime: `f` is moved into the awaiting frame; what it refers to must outlive the wait.
template <class F>
Call<F> call(Port& from, PortId to, F function) {
  return Call<F>(from, to, std::move(function));
}

/// What a task of a function `F(Port&)` gives.
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

/// As `call`, for an `f(Port& there)` that returns a Task: it runs in the other thread's nursery.
template <class F>
CallTask<F> call_task(Port& from, PortId to, F function) {
  return CallTask<F>(from, to, std::move(function));
}

}  // namespace latchkey::runtime
