// Time as the server sees it. Two kinds that must not be mixed: `BootTime` counts on through suspend and is
// never set (CLOCK_BOOTTIME); `WallTime` is the calendar's (CLOCK_REALTIME) and may jump. Tokens live by the
// first and are stored by the second. A clock is passed in, so that a simulation can own it.
#pragma once

#include <compare>
#include <cstdint>

namespace latchkey {

/// Milliseconds of CLOCK_BOOTTIME.
struct BootTime {
  std::int64_t ms = 0;
  auto operator<=>(const BootTime&) const = default;
};

/// Milliseconds since 1970-01-01T00:00:00Z (CLOCK_REALTIME).
struct WallTime {
  std::int64_t ms = 0;
  auto operator<=>(const WallTime&) const = default;
};

class Clock {
 public:
  virtual ~Clock() = default;
  virtual BootTime boot() const noexcept = 0;
  virtual WallTime wall() const noexcept = 0;
};

/// The kernel's clocks; any thread.
class SystemClock final : public Clock {
 public:
  BootTime boot() const noexcept override;
  WallTime wall() const noexcept override;
};

/// A clock that stands still until told; for tests and simulation, one thread.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(WallTime wall = {1'700'000'000'000}, BootTime boot = {1'000'000})
      : wall_(wall), boot_(boot) {}
  BootTime boot() const noexcept override { return boot_; }
  WallTime wall() const noexcept override { return wall_; }
  void advance_ms(std::int64_t ms) noexcept {
    wall_.ms += ms;
    boot_.ms += ms;
  }
  void set_wall(WallTime wall) noexcept { wall_ = wall; }

 private:
  WallTime wall_;
  BootTime boot_;
};

}  // namespace latchkey
