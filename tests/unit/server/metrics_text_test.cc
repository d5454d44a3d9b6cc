#include "server/metrics_text.h"

#include <gtest/gtest.h>

namespace latchkey::server {
namespace {

TEST(MetricsText, DescribesAFamilyBeforeItsSamples) {
  MetricsText text;
  text.begin("lk_things_total", MetricType::kCounter, "Things.");
  text.sample(std::uint64_t{18'446'744'073'709'551'615U}, {{"kind", "a"}, {"way", "b"}});
  text.begin("lk_level", MetricType::kGauge, "A level.");
  text.sample(0.25);
  EXPECT_EQ(text.take(),
            "# HELP lk_things_total Things.\n# TYPE lk_things_total counter\n"
            "lk_things_total{kind=\"a\",way=\"b\"} 18446744073709551615\n"
            "# HELP lk_level A level.\n# TYPE lk_level gauge\nlk_level 0.25\n");
}

TEST(MetricsText, AddsTheBucketsOfAHistogramUpAndCountsWhatTheyHold) {
  constexpr std::array<std::int64_t, 2> kBounds = {10'000, 1'000'000'000};
  HistogramSum sum;
  sum.counts = {1, 2, 3};
  sum.sum_ns = 1'500'000'000;
  MetricsText text;
  text.begin("lk_wait_seconds", MetricType::kHistogram, "Waits.");
  text.histogram(kBounds, sum, {{"result", "x"}});
  EXPECT_EQ(text.take(),
            "# HELP lk_wait_seconds Waits.\n# TYPE lk_wait_seconds histogram\n"
            "lk_wait_seconds_bucket{result=\"x\",le=\"1e-05\"} 1\n"
            "lk_wait_seconds_bucket{result=\"x\",le=\"1\"} 3\n"
            "lk_wait_seconds_bucket{result=\"x\",le=\"+Inf\"} 6\n"
            "lk_wait_seconds_sum{result=\"x\"} 1.5\n"
            "lk_wait_seconds_count{result=\"x\"} 6\n");
}

}  // namespace
}  // namespace latchkey::server
