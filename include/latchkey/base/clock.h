// Time as the server sees it. There are two kinds, and they must not be mixed. `BootTime` (CLOCK_BOOTTIME) is
// never set and keeps running through suspend. `WallTime` (CLOCK_REALTIME) is the calendar and may jump.
// Tokens live by the first and are stored by the second. Clocks are passed in, so that a simulation can own
// one.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace latchkey {

/// A point in time, in milliseconds since where its kind begins. A length of time moves it, and two of a kind
/// differ by one. Those of different kinds have neither sum, difference nor order.
template <typename Kind>
struct Moment {
  std::int64_t ms = 0;

  constexpr auto operator<=>(const Moment&) const noexcept = default;

  constexpr Moment& operator+=(std::chrono::milliseconds length) noexcept { return *this = *this + length; }
  friend constexpr Moment operator+(Moment from, std::chrono::milliseconds length) noexcept {
    return {from.ms + length.count()};
  }
  friend constexpr Moment operator-(Moment from, std::chrono::milliseconds length) noexcept {
    return {from.ms - length.count()};
  }
  friend constexpr std::chrono::milliseconds operator-(Moment until, Moment from) noexcept {
    return std::chrono::milliseconds(until.ms - from.ms);
  }
};

/// Milliseconds of CLOCK_BOOTTIME.
using BootTime = Moment<struct BootKind>;
/// Milliseconds since 1970-01-01T00:00:00Z (CLOCK_REALTIME).
using WallTime = Moment<struct WallKind>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual BootTime boot() const noexcept = 0;
  virtual WallTime wall() const noexcept = 0;
};

/// The kernel's clocks.
/// Thread: any.
class SystemClock final : public Clock {
 public:
  BootTime boot() const noexcept override;
  WallTime wall() const noexcept override;
};

/// A clock that moves only when told to. For tests and the simulation.
/// Thread: one.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(WallTime wall = {1'700'000'000'000}, BootTime boot = {1'000'000})
      : wall_(wall), boot_(boot) {}
  BootTime boot() const noexcept override { return boot_; }
  WallTime wall() const noexcept override { return wall_; }
  void advance_ms(std::int64_t ms) noexcept {
    const std::chrono::milliseconds passed(ms);
    wall_ += passed;
    boot_ += passed;
  }
  void set_wall(WallTime wall) noexcept { wall_ = wall; }

 private:
  WallTime wall_;
  BootTime boot_;
};

}  // namespace latchkey
