// RatedLog: a log in which each limited event has a rate of its own, so that what costs a stranger nothing
// cannot drive out what matters. All else is handed on. One object a thread, used by that thread only; what
// it hands on to may be many threads'.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "latchkey/base/clock.h"
#include "latchkey/base/log.h"

namespace latchkey {

class RatedLog final : public Log {
 public:
  /// Lines on one event: so many at once, and one more for each interval that passes.
  static constexpr std::uint64_t kLinesAtOnce = 1;
  static constexpr std::int64_t kIntervalMs = 1000;
  /// Names of limited events that there may be.
  static constexpr std::size_t kMaxEvents = 32;
  static constexpr std::int64_t kNothingDue = INT64_MAX;

  /// Both outlive the object.
  RatedLog(Log& log, const Clock& clock) noexcept : log_(log), clock_(clock) {}
  /// Tells of what was left out and not told yet.
  ~RatedLog() override;

  void write(LogLevel level, std::string line) noexcept override { log_.write(level, std::move(line)); }
  std::optional<std::uint64_t> admit(std::string_view event) noexcept override;
  bool reserve() noexcept override { return log_.reserve(); }
  void write_reserved(LogLevel level, std::string line) noexcept override {
    log_.write_reserved(level, std::move(line));
  }
  void give_back() noexcept override { log_.give_back(); }

  /// Where an event ceased after lines on it were left out, says how many (`log.left_out`), once its next
  /// line would be due. Gives when there will be something to say next (CLOCK_BOOTTIME, ms), or kNothingDue.
  /// Cheap where nothing is due.
  std::int64_t tell_left_out(BootTime now) noexcept { return now.ms < due_ms_ ? due_ms_ : tell_due(now.ms); }

 private:
  struct Rate {
    std::string_view event;
    std::uint64_t lines_left = kLinesAtOnce;
    std::int64_t counted_at_ms = 0;  ///< lines_left is of this time
    std::uint64_t left_out = 0;
  };

  Rate& rate_of(std::string_view event) noexcept;
  static void refill(Rate& rate, std::int64_t now_ms) noexcept;
  std::int64_t tell_due(std::int64_t now_ms) noexcept;
  void tell(Rate& rate) noexcept;

  Log& log_;
  const Clock& clock_;
  std::array<Rate, kMaxEvents> rates_;
  std::size_t events_ = 0;
  std::int64_t due_ms_ = kNothingDue;
};

}  // namespace latchkey
