#include "latchkey/http/access_ring.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <thread>

namespace latchkey::http {
namespace {

AccessRules rules(std::string_view text) { return AccessRules::parse(text).value(); }

/// Puts a request with this status; false if it has no line.
bool put(AccessRing& ring, int status, std::int64_t at_ms = 0) {
  AccessRecord* const record = ring.next(status, BootTime{at_ms});
  if (record == nullptr) return false;
  record->status = static_cast<std::uint16_t>(status);
  ring.put();
  return true;
}

TEST(AccessRules, ReadErrorsSampledAndAllAndNothingElse) {
  EXPECT_EQ(rules("errors").lines, AccessRules::Lines::kErrors);
  EXPECT_EQ(rules("all").lines, AccessRules::Lines::kAll);
  EXPECT_EQ(rules("sampled:1000").every, 1000U);
  for (const char* const text : {"", "none", "sampled", "sampled:", "sampled:0", "sampled:1",
                                 "sampled:1000001", "sampled:2x", "sampled:-2", "ALL"}) {
    EXPECT_FALSE(AccessRules::parse(text)) << text;
  }
}

TEST(AccessRing, OfAllGivesEveryRecordInOrder) {
  AccessRing ring(rules("all"));
  EXPECT_EQ(ring.front(), nullptr);
  for (const int status : {200, 404, 401}) EXPECT_TRUE(put(ring, status));
  for (const int status : {200, 404, 401}) {
    ASSERT_NE(ring.front(), nullptr);
    EXPECT_EQ(ring.front()->status, status);
    EXPECT_EQ(ring.front()->sample, 1U);
    ring.pop();
  }
  EXPECT_EQ(ring.front(), nullptr);
}

TEST(AccessRing, OfSamplesGivesOneOfSoManyAndEachRefusal) {
  AccessRing ring(rules("sampled:3"));
  EXPECT_FALSE(put(ring, 200));
  EXPECT_TRUE(put(ring, 503));
  EXPECT_FALSE(put(ring, 200));
  EXPECT_TRUE(put(ring, 200));
  EXPECT_FALSE(put(ring, 200));
  EXPECT_EQ(ring.front()->sample, 1U);
  ring.pop();
  EXPECT_EQ(ring.front()->sample, 3U);
}

TEST(AccessRing, OfErrorsGivesAHundredInASecondAndThenHowManyWereLeftOut) {
  AccessRing ring(rules("errors"));
  int given = 0;
  for (int i = 0; i < 150; ++i) given += put(ring, 401, 5000) ? 1 : 0;
  EXPECT_EQ(given, 100);
  EXPECT_FALSE(put(ring, 200, 5000));
  EXPECT_FALSE(put(ring, 401, 5999));
  EXPECT_TRUE(put(ring, 401, 6000));
  for (int i = 0; i < 100; ++i) ring.pop();
  EXPECT_EQ(ring.front()->more, 51U);
}

TEST(AccessRing, DropsAndCountsWhatFindsNoRoom) {
  AccessRing ring(rules("all"));
  for (std::size_t i = 0; i < AccessRing::kRecords; ++i) ASSERT_TRUE(put(ring, 200));
  EXPECT_FALSE(put(ring, 200));
  EXPECT_FALSE(put(ring, 200));
  EXPECT_EQ(ring.dropped(), 2U);
  ASSERT_NE(ring.front(), nullptr);
  ring.pop();
  EXPECT_TRUE(put(ring, 200));
  EXPECT_EQ(ring.dropped(), 2U);
}

TEST(AccessRing, LosesNothingBetweenTwoThreadsButWhatItCounts) {
  constexpr std::uint32_t kPut = 200'000;
  AccessRing ring(rules("all"));
  std::thread core([&ring] {
    for (std::uint32_t i = 1; i <= kPut; ++i) {
      AccessRecord* const record = ring.next(200, BootTime{0});
      if (record == nullptr) continue;
      record->bytes = i;
      ring.put();
    }
  });
  std::uint32_t taken = 0;
  std::uint32_t last = 0;
  while (taken + ring.dropped() < kPut) {
    const AccessRecord* const record = ring.front();
    if (record == nullptr) continue;
    EXPECT_GT(record->bytes, last);
    last = record->bytes;
    ++taken;
    ring.pop();
  }
  core.join();
  EXPECT_EQ(ring.front(), nullptr);
}

}  // namespace
}  // namespace latchkey::http
