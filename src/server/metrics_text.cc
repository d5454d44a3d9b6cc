#include "server/metrics_text.h"

#include <fmt/format.h>

namespace latchkey::server {

namespace {

std::string seconds_of(double ns) { return fmt::format("{}", ns / 1e9); }

}  // namespace

std::string_view name_of(MetricType type) noexcept {
  switch (type) {
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
      break;
  }
  return "histogram";
}

void MetricsText::begin(std::string_view name, MetricType type, std::string_view help) {
  name_ = name;
  text_.append("# HELP ").append(name).append(" ").append(help);
  text_.append("\n# TYPE ").append(name).append(" ").append(name_of(type)).append("\n");
}

void MetricsText::sample(double value, MetricLabels labels) { sample_text(fmt::format("{}", value), labels); }

void MetricsText::sample_text(std::string_view value, MetricLabels labels, std::string_view suffix,
                              const MetricLabel* last) {
  text_.append(name_).append(suffix);
  char before = '{';
  const auto append = [this, &before](const MetricLabel& label) {
    text_.append(1, before).append(label.name).append("=\"").append(label.value).append("\"");
    before = ',';
  };
  for (const MetricLabel& label : labels) append(label);
  if (last != nullptr) append(*last);
  if (before == ',') text_.append("}");
  text_.append(" ").append(value).append("\n");
}

void MetricsText::histogram(std::span<const std::int64_t> bounds_ns, const HistogramSum& sum,
                            MetricLabels labels) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i <= bounds_ns.size(); ++i) {
    count += sum.counts[i];
    const std::string bound = i == bounds_ns.size() ? "+Inf" : seconds_of(static_cast<double>(bounds_ns[i]));
    const MetricLabel le{"le", bound};
    sample_text(std::to_string(count), labels, "_bucket", &le);
  }
  sample_text(seconds_of(static_cast<double>(sum.sum_ns)), labels, "_sum");
  sample_text(std::to_string(count), labels, "_count");
}

}  // namespace latchkey::server
