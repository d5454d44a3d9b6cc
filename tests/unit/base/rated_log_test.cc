#include "latchkey/base/rated_log.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace latchkey {
namespace {

class CountedLog final : public Log {
 public:
  void write(LogLevel, std::string line) noexcept override { lines.push_back(std::move(line)); }
  bool reserve() noexcept override { return ++held > 0; }
  void write_reserved(LogLevel level, std::string line) noexcept override {
    --held;
    write(level, std::move(line));
  }
  void give_back() noexcept override { --held; }

  /// How many events the lines account for: one per line, and those that it reports as left out.
  std::uint64_t told_of(std::string_view event) const {
    std::uint64_t told = 0;
    for (const std::string& line : lines) {
      if (line.starts_with("event=" + std::string(event) + " ")) told += 1 + number_behind(line, " more=");
      if (line.starts_with("event=log.left_out of=" + std::string(event)))
        told += number_behind(line, " lines=");
    }
    return told;
  }
  static std::uint64_t number_behind(const std::string& line, std::string_view key) {
    return std::stoull(line.substr(line.find(key) + key.size()));
  }

  std::vector<std::string> lines;
  int held = 0;
};

class RatedLogTest : public ::testing::Test {
 protected:
  void happen(int times, const char* event = "free") {
    for (int i = 0; i < times; ++i) LimitedEvent(*rated_, LogLevel::kInfo, event).field("n", i);
  }

  ManualClock clock_;
  CountedLog log_;
  std::unique_ptr<RatedLog> rated_ = std::make_unique<RatedLog>(log_, clock_);
};

TEST_F(RatedLogTest, WritesALineAtOnceThenOneInEachInterval) {
  happen(1000);
  ASSERT_EQ(log_.lines.size(), RatedLog::kLinesAtOnce);
  EXPECT_EQ(log_.lines[0], "event=free more=0 n=0");
  clock_.advance_ms(RatedLog::kIntervalMs - 1);
  happen(1);
  EXPECT_EQ(log_.lines.size(), RatedLog::kLinesAtOnce);
  clock_.advance_ms(1);
  happen(5);
  ASSERT_EQ(log_.lines.size(), RatedLog::kLinesAtOnce + 1);
  EXPECT_EQ(log_.lines.back(), "event=free more=1000 n=0");
}

TEST_F(RatedLogTest, AFloodOfOneEventTakesNothingFromAnother) {
  happen(1000, "free");
  happen(1, "other");
  EXPECT_EQ(log_.lines.back(), "event=other more=0 n=0");
}

TEST_F(RatedLogTest, LosesCountOfNone) {
  for (int round = 0; round < 50; ++round) {
    happen(137);
    clock_.advance_ms(333);
    rated_->tell_left_out(clock_.boot());
  }
  rated_.reset();
  EXPECT_EQ(log_.told_of("free"), 50U * 137U);
}

TEST_F(RatedLogTest, SaysWhatItLeftOutThoughTheEventNeverComesAgain) {
  happen(100);
  EXPECT_LE(rated_->tell_left_out(clock_.boot()), clock_.boot().ms + RatedLog::kIntervalMs);
  EXPECT_EQ(log_.lines.size(), RatedLog::kLinesAtOnce);
  clock_.advance_ms(RatedLog::kIntervalMs);
  EXPECT_EQ(rated_->tell_left_out(clock_.boot()), RatedLog::kNothingDue);
  EXPECT_EQ(log_.lines.back(), "event=log.left_out of=free lines=99");
  EXPECT_EQ(log_.told_of("free"), 100U);
}

TEST_F(RatedLogTest, HandsOnAllElseAsItIs) {
  for (int i = 0; i < 100; ++i) LogEvent(*rated_, LogLevel::kInfo, "dear");
  EXPECT_EQ(log_.lines.size(), 100U);
  {
    LogRoom room = LogRoom::take(*rated_);
    EXPECT_TRUE(room.is_held());
    EXPECT_EQ(log_.held, 1);
  }
  EXPECT_EQ(log_.held, 0) << "room that is not used is given back";
  LogEvent(LogRoom::take(*rated_), LogLevel::kInfo, "answered");
  EXPECT_EQ(log_.held, 0);
  EXPECT_EQ(log_.lines.back(), "event=answered log=audit");
}

}  // namespace
}  // namespace latchkey
