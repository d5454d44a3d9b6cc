// Doubles of the interfaces of `runtime`, and a gate at which a double holds a coroutine.
// Thread: one.
#pragma once

#include <cstddef>
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

/// Resumes all that wait, within the call.
inline void wake_now(runtime::Broadcast& event) {
  constexpr std::size_t kAll = 1'000'000;
  runtime::ReadyQueue ready;
  event.wake_all(ready);
  ready.run(kAll);
}

/// Lets coroutines pass. After `stop_next`, it holds the next one until `open`.
class Gate {
 public:
  void stop_next() noexcept { stops_next_ = true; }
  void open() noexcept { wake_now(waiting_); }
  bool has_waiters() const noexcept { return waiting_.has_waiters(); }

  runtime::Task<void> pass() {
    if (std::exchange(stops_next_, false)) co_await waiting_.wait();
  }

 private:
  bool stops_next_ = false;
  runtime::Broadcast waiting_;
};

}  // namespace latchkey::test
