// Doubles of the interfaces of `runtime`, and a gate at which a double holds a coroutine.
// Thread: one.
#pragma once

#include <utility>

#include "latchkey/runtime/event.h"
#include "latchkey/runtime/mailbox.h"
#include "latchkey/runtime/task.h"

namespace latchkey::test {

/// Wakes nobody. If a test drains the ports by hand, nobody sleeps.
class SilentDoorbell final : public runtime::Doorbell {
 public:
  void wake(runtime::PortId) noexcept override {}
};

/// Lets coroutines pass. After `stop_next`, it holds the next one until `open`.
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

}  // namespace latchkey::test
