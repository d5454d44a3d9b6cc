// The readings of scale-table: this process's resident memory, and the times of a thread's single steps.
// Thread: one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace latchkey::bench {

/// Of this process, from /proc/self/statm. Cheap enough to be called often.
std::size_t resident_bytes();

std::int64_t thread_cpu_ns() noexcept;
std::int64_t steady_ns() noexcept;
/// The page faults that this thread has taken.
std::int64_t thread_faults() noexcept;

struct Quartiles {
  double lower = 0;
  double median = 0;
  double upper = 0;
};
Quartiles quartiles_of(std::vector<double> samples);

/// Measures steps that follow one another without a gap. One reading of the clocks ends a step and begins the
/// next. The thread's CPU time excludes the time that it waited for its core; wall time includes it.
class StepMeter {
 public:
  /// Begins the next step now. Earlier time is ignored.
  void begin() noexcept {
    cpu_ns_ = thread_cpu_ns();
    wall_ns_ = steady_ns();
  }

  /// Ends the step and returns its CPU time in nanoseconds.
  std::int64_t end() noexcept {
    const std::int64_t cpu_ns = thread_cpu_ns();
    const std::int64_t wall_ns = steady_ns();
    const std::int64_t took_ns = cpu_ns - std::exchange(cpu_ns_, cpu_ns);
    longest_wall_ns_ = std::max(longest_wall_ns_, wall_ns - std::exchange(wall_ns_, wall_ns));
    longest_ns_ = std::max(longest_ns_, took_ns);
    total_ns_ += took_ns;
    ++steps_;
    if (took_ns > kLongNs) ++long_;
    return took_ns;
  }

  std::int64_t total_ns() const noexcept { return total_ns_; }
  std::int64_t longest_ns() const noexcept { return longest_ns_; }
  std::int64_t longest_wall_ns() const noexcept { return longest_wall_ns_; }
  std::size_t steps() const noexcept { return steps_; }
  /// Steps that took more than a millisecond of CPU time.
  std::size_t long_steps() const noexcept { return long_; }

 private:
  static constexpr std::int64_t kLongNs = 1'000'000;

  std::int64_t cpu_ns_ = 0;
  std::int64_t wall_ns_ = 0;
  std::int64_t total_ns_ = 0;
  std::int64_t longest_ns_ = 0;
  std::int64_t longest_wall_ns_ = 0;
  std::size_t steps_ = 0;
  std::size_t long_ = 0;
};

/// The least time that each step took in several rounds of the same steps. A shared machine takes time at
/// random, which the thread's clock includes. What a step itself needs, it needs in every round.
class LeastOfRounds {
 public:
  /// Touches its memory, so that no measurement does.
  explicit LeastOfRounds(std::size_t steps) : least_ns_(steps, UINT32_MAX) {}

  void begin_round() noexcept { at_ = 0; }
  void add(std::int64_t ns) noexcept {
    std::uint32_t& least = least_ns_[at_++];
    least = static_cast<std::uint32_t>(std::min<std::int64_t>(least, ns));
  }
  /// The least time of the longest step.
  std::int64_t longest_ns() const noexcept { return *std::max_element(least_ns_.begin(), least_ns_.end()); }

 private:
  std::vector<std::uint32_t> least_ns_;
  std::size_t at_ = 0;
};

}  // namespace latchkey::bench
