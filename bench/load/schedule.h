// Schedule: when the requests of one thread become due in the open loop. Its owner takes due times one after
// another, late or not. A time that nobody could take yet waits, and its latency still counts from that time.
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
  /// Due `rate` times per second from `begin_ns` on, and never at or after `end_ns`. The times are shifted by
  /// a share `phase` (0 to 1) of the interval, so that threads do not fire together.
  Schedule(double rate, double phase, std::int64_t begin_ns, std::int64_t end_ns) noexcept
      : interval_ns_(1e9 / rate), phase_(phase), begin_ns_(begin_ns), end_ns_(end_ns) {}

  /// The next due time; kNever if there is none.
  std::int64_t next_ns() const noexcept {
    // A multiplication: an interval that is not a whole number of nanoseconds does not drift.
    const double after_begin = (static_cast<double>(taken_) + phase_) * interval_ns_;
    const std::int64_t due_ns = begin_ns_ + std::llround(after_begin);
    return due_ns < end_ns_ ? due_ns : kNever;
  }

  double interval_ns() const noexcept { return interval_ns_; }

  /// Takes the next due time and returns it, if it has come at `now_ns`.
  std::optional<std::int64_t> take(std::int64_t now_ns) noexcept {
    const std::int64_t due_ns = next_ns();
    if (due_ns > now_ns || due_ns == kNever) return std::nullopt;
    ++taken_;
    return due_ns;
  }

  /// From now on nothing becomes due at or after `end_ns`.
  void cut(std::int64_t end_ns) noexcept { end_ns_ = std::min(end_ns_, end_ns); }

 private:
  double interval_ns_ = 1;
  double phase_ = 0;
  std::int64_t begin_ns_ = 0;
  std::int64_t end_ns_ = 0;  // by default nothing is ever due
  std::uint64_t taken_ = 0;
};

}  // namespace latchkey::load
