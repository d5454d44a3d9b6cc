#include "load/histogram.h"

#include <cmath>

namespace latchkey::load {

void Histogram::merge(const Histogram& other) noexcept {
  for (std::size_t index = 0; index < counts_.size(); ++index) counts_[index] += other.counts_[index];
  count_ += other.count_;
  sum_ns_ += other.sum_ns_;
  max_ns_ = std::max(max_ns_, other.max_ns_);
}

double Histogram::mean_ns() const noexcept {
  return count_ == 0 ? 0 : static_cast<double>(sum_ns_) / static_cast<double>(count_);
}

std::int64_t Histogram::quantile_ns(double quantile) const noexcept {
  if (count_ == 0) return 0;
  const double exact_rank = std::ceil(std::clamp(quantile, 0.0, 1.0) * static_cast<double>(count_));
  const auto rank = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(exact_rank), 1, count_);
  // The last counter has no upper end of its own: it also holds latencies beyond kHighestNs.
  if (rank == count_) return max_ns_;
  std::uint64_t seen = 0;
  std::size_t index = 0;
  while ((seen += counts_[index]) < rank) ++index;
  return std::min(upper_end_of(index), max_ns_);
}

}  // namespace latchkey::load
