// The time that tokens live by: milliseconds since 2020-01-01T00:00:00Z, the wall clock as it stood when the
// process started, carried on by CLOCK_BOOTTIME. So a wall clock that is set later moves no token's end, and
// 40 bits last until 2054. Plain values; any thread.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>

#include "latchkey/base/clock.h"

namespace latchkey::token {

struct TableTime {
  std::int64_t ms = 0;
  auto operator<=>(const TableTime&) const = default;
};

inline constexpr std::int64_t kTableEpochWallMs = 1'577'836'800'000;
inline constexpr int kTableTimeBits = 40;
inline constexpr std::int64_t kMaxTableMs = (std::int64_t{1} << kTableTimeBits) - 1;

/// Times before 2020 or after 2054 are taken as the nearer of the two.
constexpr TableTime table_time(WallTime wall) noexcept {
  return {std::clamp<std::int64_t>(wall.ms - kTableEpochWallMs, 0, kMaxTableMs)};
}
constexpr WallTime wall_time(TableTime time) noexcept { return {time.ms + kTableEpochWallMs}; }

/// Made once, when the process starts; one for all shards.
class TableClock {
 public:
  /// `clock` outlives the object.
  explicit TableClock(const Clock& clock) noexcept
      : clock_(clock), offset_ms_(table_time(clock.wall()).ms - clock.boot().ms) {}

  TableTime at(BootTime boot) const noexcept { return {boot.ms + offset_ms_}; }
  BootTime boot_of(TableTime time) const noexcept { return {time.ms - offset_ms_}; }
  /// Reads the clock; a loop that has the time already uses `at`.
  TableTime now() const noexcept { return at(clock_.boot()); }

 private:
  const Clock& clock_;
  const std::int64_t offset_ms_;
};

}  // namespace latchkey::token
