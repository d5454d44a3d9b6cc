// Broadcast: coroutines of one thread wait for another's signal, and all go on when it comes.
// Lifetime: the signalling side owns it; it outlives every wait. Thread: one.
#pragma once

#include <coroutine>

#include "latchkey/runtime/ready_queue.h"

namespace latchkey::runtime {

class Broadcast {
 public:
  struct Awaiter : Waiter {
    explicit Awaiter(Broadcast& owner) noexcept : event(owner) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiter) noexcept {
      handle = waiter;
      event.waiters_.push(*this);
    }
    void await_resume() const noexcept {}

    Broadcast& event;
  };

  /// `co_await event.wait()`
  Awaiter wait() noexcept { return Awaiter(*this); }
  bool has_waiters() const noexcept { return !waiters_.is_empty(); }

  /// All that wait now go on from `ready`, in the order in which they came.
  void wake_all(ReadyQueue& ready) noexcept { ready.append(waiters_); }

 private:
  WaitList waiters_;
};

}  // namespace latchkey::runtime
