// Turns: a queue for coroutines with some hundred microseconds of work each. One of them goes on per pass of
// the loop. So anything shorter waits for at most one of them, however many there are.
// Thread: that of the core that owns it.
#pragma once

#include <cstdint>

#include "latchkey/runtime/loop.h"
#include "latchkey/runtime/ready_queue.h"

namespace latchkey::runtime {

class Turns final : public LoopHook {
 public:
  Turns() = default;
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;

  /// `co_await turns.next()` goes on in a later pass, after those that came before.
  WaitList::Wait next() noexcept { return waiting_.wait(); }

  /// Gives the next waiter its turn. False if there is none.
  bool take() {
    if (waiting_.is_empty()) return false;
    waiting_.pop().resume();
    return true;
  }

  std::int64_t pass(BootTime now) noexcept override {
    take();
    return waiting_.is_empty() ? kNever : now.ms;
  }

 private:
  WaitList waiting_;
};

}  // namespace latchkey::runtime
