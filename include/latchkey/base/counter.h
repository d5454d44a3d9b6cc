// Counters for monitoring. Each has one writer, so counting is a load and a store without a lock prefix, and
// what one core counts stands on that core's own cache lines. A reader on another thread sees each value as
// it was at some moment, and sums over the cores. Thread: the owner counts; any thread reads.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace latchkey {

class Counter {
 public:
  void add(std::uint64_t more = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + more, std::memory_order_release);
  }
  /// What its writer counted before, in any counter, is seen by later reads too.
  std::uint64_t value() const noexcept { return value_.load(std::memory_order_acquire); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// A counter for each value of an enumeration.
template <class Kind, std::size_t kKinds>
class CounterSet {
 public:
  Counter& operator[](Kind kind) noexcept { return counters_[static_cast<std::size_t>(kind)]; }
  std::uint64_t value(std::size_t kind) const noexcept { return counters_[kind].value(); }

 private:
  std::array<Counter, kKinds> counters_;
};

/// The sum of several histograms with the same bounds.
struct HistogramSum {
  static constexpr std::size_t kMaxBounds = 14;
  /// How many fell into each bucket, the last being beyond all bounds.
  std::array<std::uint64_t, kMaxBounds + 1> counts{};
  std::uint64_t sum_ns = 0;
};

/// Counts durations by buckets. `kBounds` is an array of the upper bounds in nanoseconds, in rising order.
template <const auto& kBounds>
class Histogram {
  static_assert(kBounds.size() <= HistogramSum::kMaxBounds);

 public:
  static constexpr std::span<const std::int64_t> bounds() noexcept { return kBounds; }

  /// Counts `times` durations of this length. A negative one counts as 0.
  void record(std::int64_t ns, std::uint64_t times = 1) noexcept {
    if (ns < 0) ns = 0;
    std::size_t bucket = 0;
    while (bucket < kBounds.size() && ns > kBounds[bucket]) ++bucket;
    counts_[bucket].add(times);
    sum_ns_.add(static_cast<std::uint64_t>(ns) * times);
  }

  void add_to(HistogramSum& sum) const noexcept {
    for (std::size_t i = 0; i < counts_.size(); ++i) sum.counts[i] += counts_[i].value();
    sum.sum_ns += sum_ns_.value();
  }

 private:
  std::array<Counter, kBounds.size() + 1> counts_;
  Counter sum_ns_;
};

inline constexpr std::int64_t kNanosecondsPerMillisecond = 1'000'000;

/// For logins and hashes, which take from some milliseconds to half a minute.
inline constexpr std::array<std::int64_t, 11> kLoginBoundsNs = {
    10'000'000,    25'000'000,    50'000'000,    100'000'000,    250'000'000,   500'000'000,
    1'000'000'000, 2'500'000'000, 5'000'000'000, 10'000'000'000, 30'000'000'000};

/// For commits: a millisecond, and thirteen times twice as long.
inline constexpr std::array<std::int64_t, 14> kCommitBoundsNs = {
    1'000'000,   2'000'000,   4'000'000,   8'000'000,     16'000'000,    32'000'000,    64'000'000,
    128'000'000, 256'000'000, 512'000'000, 1'024'000'000, 2'048'000'000, 4'096'000'000, 8'192'000'000};

/// For passes of a loop: ten microseconds, and nine times four times as long.
inline constexpr std::array<std::int64_t, 10> kPassBoundsNs = {
    10'000,     40'000,     160'000,     640'000,     2'560'000,
    10'240'000, 40'960'000, 163'840'000, 655'360'000, 2'621'440'000};

}  // namespace latchkey
