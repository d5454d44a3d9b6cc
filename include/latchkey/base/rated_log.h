// RatedLog is a log that gives each limited event its own rate, so that what a stranger causes for free
// cannot crowd out what matters. It passes everything else on.
// Thread: one object per thread, used by that thread only. Many threads may share the log behind it.
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
  /// The lines on one event: this many at once, and one more for each interval that passes.
  static constexpr std::uint64_t kLinesAtOnce = 1;
  static constexpr std::int64_t kIntervalMs = 1000;
  /// The most names of limited events.
  static constexpr std::size_t kMaxEvents = 32;
  static constexpr std::int64_t kNothingDue = INT64_MAX;

  /// Lifetime: both must outlive this object.
  RatedLog(Log& log, const Clock& clock) noexcept : log_(log), clock_(clock) {}
  /// Reports what was left out and not reported yet.
  ~RatedLog() override;

  void write(LogLevel level, std::string line) noexcept override { log_.write(level, std::move(line)); }
  std::optional<std::uint64_t> admit(std::string_view event) noexcept override;
  bool reserve() noexcept override { return log_.reserve(); }
  void write_reserved(LogLevel level, std::string line) noexcept override {
    log_.write_reserved(level, std::move(line));
  }
  void give_back() noexcept override { log_.give_back(); }

  /// If lines on an event were left out and the event then ceased, reports how many (`log.left_out`) as soon
  /// as its next line would be due. Returns when there will next be something to report (CLOCK_BOOTTIME, ms),
  /// or kNothingDue. Cheap if nothing is due.
  std::int64_t tell_left_out(BootTime now) noexcept { return now.ms < due_ms_ ? due_ms_ : tell_due(now.ms); }

 private:
  struct Rate {
    std::string_view event;
    std::uint64_t lines_left = kLinesAtOnce;
    std::int64_t counted_at_ms = 0;  ///< the time that lines_left refers to
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
