#include "load/tally.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "load/assertion.h"
#include "load/schedule.h"
#include "load/units.h"

namespace latchkey::load {
namespace {

constexpr std::int64_t kBegin = 5 * kNsPerSecond;
constexpr std::array kChecks = {RequestKind::kCheck};
constexpr std::array kBoth = {RequestKind::kCheck, RequestKind::kLogin};

Tally placed(std::span<const RequestKind> kinds, std::int64_t duration_ns = kNsPerSecond) {
  Tally tally(duration_ns, kinds);
  tally.place(kBegin);
  return tally;
}

TEST(Tally, CountsWhatBecameDueInTheMeasuredTimeWheneverItsAnswerCame) {
  Tally tally = placed(kChecks);
  const std::int64_t end = kBegin + kNsPerSecond;
  tally.answered(RequestKind::kCheck, kBegin - 1, kBegin + 10, 200);  // in the warm-up
  tally.answered(RequestKind::kCheck, kBegin, kBegin + 100, 200);
  tally.answered(RequestKind::kCheck, end - 1, end + 3 * kNsPerSecond, 200);  // due in time, answered late
  tally.answered(RequestKind::kCheck, end, end + 10, 200);
  EXPECT_EQ(tally.requests(), 2U);
  EXPECT_EQ(tally.status_count(200), 2U);
  EXPECT_EQ(tally.latencies().max_ns(), 3 * kNsPerSecond + 1);
  // What the server did in that second: one answer to the warm-up, and one to the rest.
  EXPECT_EQ(tally.answers(), 2U);
  EXPECT_DOUBLE_EQ(tally.answers_per_second(), 2);
}

TEST(Tally, TakesFailuresAndErrorStatusesAsErrorsAndTheirWaitAsLatency) {
  Tally tally = placed(kChecks);
  tally.answered(RequestKind::kCheck, kBegin, kBegin + 1, 399);
  tally.answered(RequestKind::kCheck, kBegin, kBegin + 1, 400);
  tally.answered(RequestKind::kCheck, kBegin, kBegin + 1, 599);
  tally.failed(RequestKind::kCheck, Failure::kTimeout, kBegin, kBegin + 7 * kNsPerSecond);
  tally.failed(RequestKind::kCheck, Failure::kTimeout, kBegin - 1, kBegin);
  tally.connect_failed(111);
  EXPECT_EQ(tally.errors(), 4U);
  EXPECT_EQ(tally.failures(Failure::kTimeout), 1U);
  EXPECT_EQ(tally.failures(Failure::kConnect), 1U);
  EXPECT_EQ(tally.requests(), 4U);
  EXPECT_EQ(tally.latencies().max_ns(), 7 * kNsPerSecond);
}

TEST(Tally, KeepsKindsApartWhereThereAreSeveral) {
  Tally tally = placed(kBoth);
  tally.answered(RequestKind::kCheck, kBegin, kBegin + 10, 200);
  EXPECT_EQ(tally.latencies_of(RequestKind::kLogin), nullptr);
  tally.answered(RequestKind::kLogin, kBegin, kBegin + 1000, 200);
  ASSERT_NE(tally.latencies_of(RequestKind::kLogin), nullptr);
  EXPECT_EQ(tally.latencies_of(RequestKind::kCheck)->max_ns(), 10);
  EXPECT_EQ(tally.latencies_of(RequestKind::kLogin)->max_ns(), 1000);
  EXPECT_EQ(tally.latencies().count(), 2U);
}

TEST(Tally, AddsWhatAnotherThreadHasSeen) {
  Tally tally = placed(kBoth);
  Tally other = placed(kBoth);
  tally.answered(RequestKind::kCheck, kBegin, kBegin + 10, 200);
  other.answered(RequestKind::kCheck, kBegin, kBegin + 20, 401);
  other.answered(RequestKind::kLogin, kBegin, kBegin + 900'000'000, 200);
  other.failed(RequestKind::kLogin, Failure::kClosed, kBegin, kBegin + 5);
  other.connection_lost(70);
  other.connection_lost(50);
  tally.connection_lost(60);
  tally.merge(other);
  EXPECT_EQ(tally.requests(), 4U);
  EXPECT_EQ(tally.answers(), 3U);
  EXPECT_EQ(tally.errors(), 2U);
  EXPECT_EQ(tally.latencies_of(RequestKind::kCheck)->count(), 2U);
  EXPECT_EQ(tally.latencies_of(RequestKind::kLogin)->count(), 2U);
  EXPECT_EQ(tally.stretches().front().answers, 2U);
  EXPECT_EQ(tally.stretches().at(18).answers, 1U);  // 900 ms in, 50 ms each
  EXPECT_EQ(tally.held().lost, 3U);
  EXPECT_EQ(tally.held().shortest_lost_ns, 50);
}

TEST(Tally, OfALongRunHasABoundedNumberOfStretches) {
  const Tally tally(3600 * kNsPerSecond, kChecks);
  EXPECT_LE(tally.stretches().size(), Tally::kMostStretches);
  EXPECT_GE(tally.stretches().size(), Tally::kMostStretches / 2);
}

TEST(Tally, CutShortCountsUntilThen) {
  Tally tally = placed(kChecks);
  tally.answered(RequestKind::kCheck, kBegin, kBegin + 10, 200);
  tally.cut(kBegin + kNsPerSecond / 4);
  tally.answered(RequestKind::kCheck, kBegin + kNsPerSecond / 2, kBegin + kNsPerSecond / 2, 200);
  EXPECT_EQ(tally.requests(), 1U);
  EXPECT_DOUBLE_EQ(tally.answers_per_second(), 4);
}

TEST(Schedule, GivesEachDueTimeOnceAndLateOnesAsTheyWereDue) {
  Schedule schedule(1000, 0, kBegin, kBegin + 5 * kNsPerMillisecond);
  EXPECT_EQ(schedule.take(kBegin - 1), std::nullopt);
  EXPECT_EQ(schedule.take(kBegin), kBegin);
  EXPECT_EQ(schedule.take(kBegin), std::nullopt);
  EXPECT_EQ(schedule.next_ns(), kBegin + kNsPerMillisecond);
  // The thread was delayed. What fell due in the meantime still has its own due time.
  const std::int64_t late = kBegin + kNsPerSecond;
  for (int i = 1; i < 5; ++i) EXPECT_EQ(schedule.take(late), kBegin + i * kNsPerMillisecond);
  EXPECT_EQ(schedule.take(late), std::nullopt);
  EXPECT_EQ(schedule.next_ns(), Schedule::kNever);
}

TEST(Schedule, OfAnUnevenRateDoesNotDrift) {
  Schedule schedule(3, 0.5, 0, 1000 * kNsPerSecond);
  std::int64_t last = 0;
  int taken = 0;
  while (const std::optional<std::int64_t> due = schedule.take(1000 * kNsPerSecond)) {
    last = *due;
    ++taken;
  }
  EXPECT_EQ(taken, 3000);
  EXPECT_EQ(last, 999'833'333'333);
}

std::string broken(std::string_view text, const Tally& tally) {
  const Result<Assertion> assertion = Assertion::parse(text);
  return assertion ? assertion->broken_by(tally).value_or("") : assertion.error().text;
}

TEST(Assertion, HoldsOrSaysWhatWasMeasured) {
  Tally tally = placed(kBoth);
  for (int i = 0; i < 99; ++i) tally.answered(RequestKind::kCheck, kBegin, kBegin + 1'000'000, 200);
  tally.answered(RequestKind::kLogin, kBegin, kBegin + 30'000'000, 503);
  for (const char* const text :
       {"p50<2ms", " p99 <= 1.001 ms ", "p99.9>29ms", "max=30ms", "mean<1.3ms", "rps>=100", "errors=1",
        "errors==1", "errors<2", "check.max<2ms", "login.p50>20ms"}) {
    EXPECT_EQ(broken(text, tally), "") << text;
  }
  EXPECT_EQ(broken("max<30ms", tally), "asserted max<30ms, but measured 30.0 ms");
  EXPECT_EQ(broken("p50<1ms", tally), "asserted p50<1ms, but measured 1.00 ms");
  EXPECT_EQ(broken("check.p99>1s", tally), "asserted check.p99>1s, but measured 1.00 ms");
  EXPECT_EQ(broken("errors=0", tally), "asserted errors=0, but measured 1");
  EXPECT_EQ(broken("rps>100", tally), "asserted rps>100, but measured 100");
  EXPECT_EQ(broken("deletion.p99<1s", tally), "asserted deletion.p99<1s, but no such request was counted");
}

TEST(Assertion, ThatCannotBeReadIsRefusedWithTheReason) {
  const Tally tally = placed(kChecks);
  for (const char* const text :
       {"", "p99", "p98<1ms", "p99<", "p99<2", "p99<2 parsecs", "p99<-1ms", "rps>1ms", "errors<x",
        "login.rps>1", "sneeze.p99<1ms", "p99<1ms<2ms", "<1ms"}) {
    EXPECT_FALSE(Assertion::parse(text)) << text;
  }
  EXPECT_NE(broken("p98<1ms", tally).find("'p98' is none of p50, p90, p99, p99.9, max, mean, rps and errors"),
            std::string::npos);
  EXPECT_NE(broken("p99<2", tally).find("'2' is not a duration"), std::string::npos);
}

TEST(Units, DurationsAreReadAndShownInTheirUnits) {
  EXPECT_EQ(parse_duration_ns("1.5ms").value(), 1'500'000);
  EXPECT_EQ(parse_duration_ns("250us").value(), 250'000);
  EXPECT_EQ(parse_duration_ns("250µs").value(), 250'000);
  EXPECT_EQ(parse_duration_ns("2m").value(), 120 * kNsPerSecond);
  for (const char* const text : {"", "s", "1", "1 ms s", "-1s", "1e3s", "nans", "25h", "1.2.3s"}) {
    EXPECT_FALSE(parse_duration_ns(text)) << text;
  }
  EXPECT_EQ(duration_text(812), "812 ns");
  EXPECT_EQ(duration_text(999.6), "1.00 µs");
  EXPECT_EQ(duration_text(12'345), "12.3 µs");
  EXPECT_EQ(duration_text(999'700), "1.00 ms");
  EXPECT_EQ(duration_text(123'456'789), "123 ms");
  EXPECT_EQ(duration_text(61e9), "61.0 s");
  EXPECT_EQ(count_text(0), "0");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(count_text(1'234'567), "1,234,567");
}

}  // namespace
}  // namespace latchkey::load
