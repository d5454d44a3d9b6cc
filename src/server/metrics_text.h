// MetricsText: writes metrics in Prometheus' text format, version 0.0.4: for each family two lines that
// describe it, then its samples. Thread: one.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "latchkey/base/counter.h"

namespace latchkey::server {

/// The value of `Content-Type`.
inline constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

enum class MetricType : std::uint8_t { kCounter, kGauge, kHistogram };
std::string_view name_of(MetricType type) noexcept;

struct MetricLabel {
  std::string_view name;
  std::string_view value;  ///< is from this program, and needs no escape
};
using MetricLabels = std::initializer_list<MetricLabel>;

class MetricsText {
 public:
  /// The samples that follow belong to this family.
  /// Requires: `name` and `help` need no escape.
  void begin(std::string_view name, MetricType type, std::string_view help);

  void sample(std::integral auto value, MetricLabels labels = {}) {
    sample_text(std::to_string(value), labels);
  }
  void sample(double value, MetricLabels labels = {});
  /// The samples of one histogram. Its `_count` is the sum of the buckets that were read, so it always equals
  /// the last of them.
  void histogram(std::span<const std::int64_t> bounds_ns, const HistogramSum& sum, MetricLabels labels = {});

  std::string take() { return std::move(text_); }

 private:
  void sample_text(std::string_view value, MetricLabels labels, std::string_view suffix = {},
                   const MetricLabel* last = nullptr);

  std::string text_;
  std::string_view name_;
};

}  // namespace latchkey::server
