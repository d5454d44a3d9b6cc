// Schedule: when the requests of one thread become due in the open loop. Its owner takes due times one after
// the other, late or not; a time that nobody could take waits, and is still the time from which its latency
// counts.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

namespace latchkey::load {

class Schedule {
 public:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  Schedule() = default;
  /// `rate` times a second from `begin_ns` on, shifted by a share `phase` (0 to 1) of the interval, so that
  /// threads do not fire together; none at or after `end_ns`.
  Schedule(double rate, double phase, std::int64_t begin_ns, std::int64_t end_ns) noexcept
      : interval_ns_(1e9 / rate), phase_(phase), begin_ns_(begin_ns), end_ns_(end_ns) {}

  /// The next due time, kNever where there is none.
  std::int64_t next_ns() const noexcept {
    // By multiplication: an interval that is no whole number of nanoseconds does not drift.
    const double after_begin = (static_cast<double>(taken_) + phase_) * interval_ns_;
    const std::int64_t due_ns = begin_ns_ + std::llround(after_begin);
    return due_ns < end_ns_ ? due_ns : kNever;
  }

  double interval_ns() const noexcept { return interval_ns_; }

  /// The next due time where it has come at `now_ns`; it is taken.
  std::optional<std::int64_t> take(std::int64_t now_ns) noexcept {
    const std::int64_t due_ns = next_ns();
    if (due_ns > now_ns || due_ns == kNever) return std::nullopt;
    ++taken_;
    return due_ns;
  }

  /// Nothing becomes due at or after `end_ns`.
  void cut(std::int64_t end_ns) noexcept { end_ns_ = std::min(end_ns_, end_ns); }

 private:
  double interval_ns_ = 1;
  double phase_ = 0;
  std::int64_t begin_ns_ = 0;
  std::int64_t end_ns_ = 0;  // of the default: nothing is ever due
  std::uint64_t taken_ = 0;
};

}  // namespace latchkey::load
