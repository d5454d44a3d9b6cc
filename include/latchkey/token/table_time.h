// TableTime: the time by which tokens live, in milliseconds since 2020-01-01T00:00:00Z. It is the wall clock
// as it was when the process started, carried on by CLOCK_BOOTTIME. Setting the wall clock later therefore
// moves no token's end. 40 bits last until 2054.
// Thread: any; these are plain values.
#pragma once

#include <algorithm>
#include <cstdint>

#include "latchkey/base/clock.h"

namespace latchkey::token {

using TableTime = Moment<struct TableKind>;

inline constexpr std::int64_t kTableEpochWallMs = 1'577'836'800'000;
inline constexpr int kTableTimeBits = 40;
inline constexpr std::int64_t kMaxTableMs = (std::int64_t{1} << kTableTimeBits) - 1;

/// A time before 2020 or after 2054 becomes the nearer of the two.
constexpr TableTime table_time(WallTime wall) noexcept {
  return {std::clamp<std::int64_t>(wall.ms - kTableEpochWallMs, 0, kMaxTableMs)};
}
constexpr WallTime wall_time(TableTime time) noexcept { return {time.ms + kTableEpochWallMs}; }

/// Converts between boot time and table time. Made once, when the process starts; all shards share it.
class TableClock {
 public:
  /// Lifetime: `clock` must outlive the object.
  explicit TableClock(const Clock& clock) noexcept
      : clock_(clock), offset_ms_(table_time(clock.wall()).ms - clock.boot().ms) {}

  TableTime at(BootTime boot) const noexcept { return {boot.ms + offset_ms_}; }
  BootTime boot_of(TableTime time) const noexcept { return {time.ms - offset_ms_}; }
  /// Reads the clock. A loop that already has the time uses `at`.
  TableTime now() const noexcept { return at(clock_.boot()); }

 private:
  const Clock& clock_;
  const std::int64_t offset_ms_;
};

}  // namespace latchkey::token
