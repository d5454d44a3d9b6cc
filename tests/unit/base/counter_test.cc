#include "latchkey/base/counter.h"

#include <gtest/gtest.h>

namespace latchkey {
namespace {

constexpr std::array<std::int64_t, 2> kTwoBounds = {10, 100};
using TwoBounds = Histogram<kTwoBounds>;

TEST(Histogram, PutsADurationIntoTheFirstBucketWhoseBoundItDoesNotExceed) {
  TwoBounds histogram;
  for (const std::int64_t ns : {-5, 0, 10, 11, 100, 101}) histogram.record(ns);
  HistogramSum sum;
  histogram.add_to(sum);
  EXPECT_EQ(sum.counts[0], 3U);
  EXPECT_EQ(sum.counts[1], 2U);
  EXPECT_EQ(sum.counts[2], 1U) << "beyond all bounds";
  EXPECT_EQ(sum.sum_ns, 0U + 0 + 10 + 11 + 100 + 101);
}

TEST(Histogram, CountsADurationAsOftenAsItIsWorthAndAddsUpOverCores) {
  TwoBounds one;
  TwoBounds other;
  one.record(20, 7);
  other.record(5);
  HistogramSum sum;
  one.add_to(sum);
  other.add_to(sum);
  EXPECT_EQ(sum.counts[1], 7U);
  EXPECT_EQ(sum.counts[0], 1U);
  EXPECT_EQ(sum.sum_ns, 7U * 20 + 5);
}

TEST(CounterSet, HasACounterForEachKind) {
  enum class Kind { kOne, kOther };
  CounterSet<Kind, 2> counters;
  counters[Kind::kOther].add();
  counters[Kind::kOther].add(4);
  EXPECT_EQ(counters.value(0), 0U);
  EXPECT_EQ(counters.value(1), 5U);
}

}  // namespace
}  // namespace latchkey
