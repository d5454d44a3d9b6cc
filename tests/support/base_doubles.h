// Doubles of the interfaces of `base`: a log whose lines a test reads, and a clock that never stops. For a
// clock that stands still until moved, use ManualClock of base.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "latchkey/base/clock.h"
#include "latchkey/base/log.h"

namespace latchkey::test {

/// Keeps the lines for tests to read.
/// Thread: one.
class KeptLog final : public Log {
 public:
  void write(LogLevel, std::string line) noexcept override { lines.push_back(std::move(line)); }
  bool reserve() noexcept override { return has_room; }
  void give_back() noexcept override { ++given_back; }

  bool has(std::string_view event) const { return count(event) > 0; }
  std::size_t count(std::string_view event) const {
    return static_cast<std::size_t>(
        std::count_if(lines.begin(), lines.end(), [event](const std::string& line) {
          return line.find("event=" + std::string(event)) != std::string::npos;
        }));
  }

  std::vector<std::string> lines;
  bool has_room = true;  ///< for lines about answers
  int given_back = 0;    ///< how much of that room was given back
};

/// Each reading is `tick_ms` after the one before.
/// Thread: any.
class TickingClock final : public Clock {
 public:
  explicit TickingClock(std::int64_t tick_ms = 17) noexcept : tick_ms_(tick_ms) {}
  BootTime boot() const noexcept override { return {now_ms_ += tick_ms_}; }
  WallTime wall() const noexcept override { return {}; }

 private:
  const std::int64_t tick_ms_;
  mutable std::atomic<std::int64_t> now_ms_{0};
};

}  // namespace latchkey::test
