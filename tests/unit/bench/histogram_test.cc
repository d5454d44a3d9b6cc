#include "load/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace latchkey::load {
namespace {

// The rule of the layout in plain code, as an oracle. A counter is a nanosecond wide up to 2,048 ns, then as
// wide as the largest power of two that is at most a thousandth (1/1024) of what it counts.
std::int64_t upper_end_of_counter(std::int64_t value) {
  std::int64_t width = 1;
  while (width * 2048 <= value) width *= 2;
  return value / width * width + width - 1;
}

struct Distribution {
  std::string name;
  std::function<double(std::mt19937_64&)> draw;
};

void PrintTo(const Distribution& distribution, std::ostream* out) { *out << distribution.name; }

std::vector<Distribution> distributions() {
  return {
      {"uniform", [](auto& random) { return std::uniform_real_distribution(0.0, 5e6)(random); }},
      {"exponential", [](auto& random) { return std::exponential_distribution(1 / 2e5)(random); }},
      {"lognormal", [](auto& random) { return std::lognormal_distribution(12.0, 2.0)(random); }},
      {"few_nanoseconds", [](auto& random) { return std::uniform_real_distribution(0.0, 4200.0)(random); }},
      {"two_humps",
       [](auto& random) {
         const bool is_slow = std::bernoulli_distribution(0.02)(random);
         return std::normal_distribution(is_slow ? 4e9 : 9e4, is_slow ? 3e8 : 1e4)(random);
       }},
      {"up_to_a_minute",
       [](auto& random) { return std::pow(10, std::uniform_real_distribution(0.0, 10.78)(random)); }},
      {"constant", [](auto&) { return 1'234'567.0; }},
  };
}

class HistogramOf : public ::testing::TestWithParam<Distribution> {
 protected:
  std::vector<std::int64_t> samples(std::size_t count, std::uint64_t seed) const {
    std::mt19937_64 random(seed);
    std::vector<std::int64_t> values(count);
    for (std::int64_t& value : values) {
      value = std::max<std::int64_t>(static_cast<std::int64_t>(GetParam().draw(random)), 0);
    }
    return values;
  }
};

void expect_quantiles_of(const Histogram& histogram, std::vector<std::int64_t> samples) {
  std::sort(samples.begin(), samples.end());
  ASSERT_EQ(histogram.count(), samples.size());
  EXPECT_EQ(histogram.max_ns(), samples.back());
  for (const double quantile : {0.0, 0.001, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 0.9999, 1.0}) {
    const double rank = std::max(1.0, std::ceil(quantile * static_cast<double>(samples.size())));
    const std::int64_t sample = samples[static_cast<std::size_t>(rank) - 1];
    const std::int64_t told = histogram.quantile_ns(quantile);
    EXPECT_EQ(told, std::min(upper_end_of_counter(sample), samples.back())) << "of quantile " << quantile;
    EXPECT_GE(told, sample) << "of quantile " << quantile;
    EXPECT_LE(static_cast<double>(told - sample), static_cast<double>(sample) / 1000)
        << "of quantile " << quantile;
  }
}

TEST_P(HistogramOf, TellsTheQuantilesOfTheSortedSamplesToThreeDigits) {
  const std::vector<std::int64_t> values = samples(50'000, 1);
  Histogram histogram;
  for (const std::int64_t value : values) histogram.record(value);
  expect_quantiles_of(histogram, values);
}

TEST_P(HistogramOf, MergedFromTwoThreadsTellsWhatOneWouldHave) {
  std::vector<std::int64_t> values = samples(20'000, 2);
  const std::vector<std::int64_t> others = samples(3'000, 3);
  Histogram histogram;
  Histogram other;
  for (const std::int64_t value : values) histogram.record(value);
  for (const std::int64_t value : others) other.record(value);
  histogram.merge(other);
  values.insert(values.end(), others.begin(), others.end());
  double sum = 0;
  for (const std::int64_t value : values) sum += static_cast<double>(value);
  EXPECT_DOUBLE_EQ(histogram.mean_ns(), sum / static_cast<double>(values.size()));
  expect_quantiles_of(histogram, std::move(values));
}

INSTANTIATE_TEST_SUITE_P(Distributions, HistogramOf, ::testing::ValuesIn(distributions()),
                         [](const auto& test) { return test.param.name; });

TEST(Histogram, HasAnEdgeWhereACounterEndsAndNotBeside) {
  // Around each power of two, where the groups meet, and at both ends of the counters there.
  for (int bits = 0; bits < 36; ++bits) {
    for (std::int64_t value = (std::int64_t{1} << bits) - 3; value <= (std::int64_t{1} << bits) + 3;
         ++value) {
      if (value < 0) continue;
      Histogram histogram;
      histogram.record(value);
      histogram.record(Histogram::kHighestNs);
      EXPECT_EQ(histogram.quantile_ns(0.5), upper_end_of_counter(value)) << value;
    }
  }
}

TEST(Histogram, WithNothingInItTellsNoLatency) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.quantile_ns(0.99), 0);
  EXPECT_EQ(histogram.mean_ns(), 0);
  EXPECT_EQ(histogram.max_ns(), 0);
}

TEST(Histogram, KeepsWhatIsBeyondItsRangeInItsLastCounterAndAsItsMaximum) {
  Histogram histogram;
  for (int i = 0; i < 10; ++i) histogram.record(4 * Histogram::kHighestNs);
  EXPECT_EQ(histogram.quantile_ns(0.5), Histogram::kHighestNs);
  EXPECT_EQ(histogram.max_ns(), 4 * Histogram::kHighestNs);
  EXPECT_GE(Histogram::kHighestNs, 60'000'000'000);
}

TEST(Histogram, TakesATimeBeforeItsBeginAsNone) {
  Histogram histogram;
  histogram.record(-5);
  EXPECT_EQ(histogram.quantile_ns(1), 0);
  EXPECT_EQ(histogram.count(), 1U);
}

}  // namespace
}  // namespace latchkey::load
