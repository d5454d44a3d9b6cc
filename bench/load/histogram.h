// Histogram: how often each latency was seen, to three significant digits from one nanosecond up, in a fixed
// amount of memory. The layout is HdrHistogram's (Gil Tene, http://hdrhistogram.org): groups of counters
// whose width doubles from group to group, so a counter is never wider than a thousandth of what it counts.
// Thread: each thread of the load tester owns one; they are merged when all threads have ended.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace latchkey::load {

class Histogram {
 public:
  /// The largest latency that is told apart: more than two minutes. A larger one is taken for this in
  /// `quantile_ns`, but counted as it is in `max_ns` and `mean_ns`.
  static constexpr std::int64_t kHighestNs = (std::int64_t{1} << 37) - 1;

  /// Touches all its memory, 224 KiB, here and not while latencies are recorded.
  Histogram() : counts_(index_of(kHighestNs) + 1) {}

  /// A negative latency is recorded as 0.
  void record(std::int64_t latency_ns) noexcept {
    const std::int64_t value = std::max<std::int64_t>(latency_ns, 0);
    ++counts_[index_of(std::min(value, kHighestNs))];
    ++count_;
    sum_ns_ += value;
    max_ns_ = std::max(max_ns_, value);
  }

  /// Adds all that `other` has seen.
  void merge(const Histogram& other) noexcept;

  std::uint64_t count() const noexcept { return count_; }
  std::int64_t max_ns() const noexcept { return max_ns_; }
  /// Exact; 0 if nothing was recorded.
  double mean_ns() const noexcept;

  /// The latency that a share `quantile` (0 to 1) of all does not exceed: the upper end of the counter that
  /// holds it, but at most `max_ns`. 0 if nothing was recorded.
  std::int64_t quantile_ns(double quantile) const noexcept;

 private:
  // There are 2,048 counters one nanosecond wide, then 1,024 for each doubling: the other half of a group
  // would cover the range of the groups before it, and is left out.
  static constexpr int kHalfGroupBits = 10;
  static constexpr std::uint64_t kGroupMask = (std::uint64_t{1} << (kHalfGroupBits + 1)) - 1;

  static constexpr std::size_t index_of(std::int64_t value_ns) noexcept {
    const auto value = static_cast<std::uint64_t>(value_ns);
    const int group = static_cast<int>(std::bit_width(value | kGroupMask)) - (kHalfGroupBits + 1);
    return (static_cast<std::size_t>(group) << kHalfGroupBits) + static_cast<std::size_t>(value >> group);
  }
  static constexpr std::int64_t upper_end_of(std::size_t index) noexcept {
    const std::size_t halves = index >> kHalfGroupBits;
    const std::size_t group = halves == 0 ? 0 : halves - 1;
    const std::size_t within = index - (group << kHalfGroupBits);
    return static_cast<std::int64_t>(((within + 1) << group) - 1);
  }

  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::int64_t sum_ns_ = 0;
  std::int64_t max_ns_ = 0;
};

}  // namespace latchkey::load
