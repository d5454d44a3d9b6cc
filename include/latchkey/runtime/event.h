// Broadcast: coroutines of one thread wait for another's signal, and all go on when it comes.
// Lifetime: the signalling side owns it; it outlives every wait. Thread: one.
#pragma once

#include "latchkey/runtime/ready_queue.h"

namespace latchkey::runtime {

class Broadcast {
 public:
  /// `co_await event.wait()`
  WaitList::Wait wait() noexcept { return waiters_.wait(); }
  bool has_waiters() const noexcept { return !waiters_.is_empty(); }

  /// All that wait now go on from `ready`, in the order in which they came.
  void wake_all(ReadyQueue& ready) noexcept { ready.append(waiters_); }

 private:
  WaitList waiters_;
};

}  // namespace latchkey::runtime
