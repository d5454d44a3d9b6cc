// Alarm: ends the loop's wait in the kernel at a time given in nanoseconds. The loop's own deadlines have a
// resolution of only 50 ms.
// Lifetime: a thread of the load tester owns it; it must outlive the thread's ring.
#pragma once

#include <cstdint>

#include "latchkey/runtime/ring.h"
#include "load/units.h"

namespace latchkey::load {

class Alarm final : private runtime::Operation {
 public:
  /// Ends a wait at `when_ns` (monotonic). If an alarm is already set, it stays and this does nothing: times
  /// only move forward, and the owner looks again when it rings.
  void set(runtime::Ring& ring, std::int64_t when_ns) noexcept {
    if (is_set_) return;
    is_set_ = true;
    when_.tv_sec = when_ns / kNsPerSecond;
    when_.tv_nsec = when_ns % kNsPerSecond;
    ring.start(this,
               [this](io_uring_sqe& entry) { io_uring_prep_timeout(&entry, &when_, 0, IORING_TIMEOUT_ABS); });
  }

 private:
  void complete(std::int32_t, std::uint32_t) noexcept override { is_set_ = false; }

  __kernel_timespec when_{};
  bool is_set_ = false;
};

}  // namespace latchkey::load
