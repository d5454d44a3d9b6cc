#include "server/log_thread.h"

#include <gtest/gtest.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace latchkey::server {
namespace {

/// Keeps what it is given. `lines` may be read once the log has ended, `written` at any time.
class KeepingSink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  std::vector<std::string> lines;
  std::atomic<std::size_t> written{0};

  void wait_for(std::size_t count) const {
    for (std::size_t seen = written.load(); seen < count; seen = written.load()) written.wait(seen);
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t text;
    formatter_->format(message, text);
    lines.emplace_back(text.data(), text.size());
    written.fetch_add(1);
    written.notify_all();
  }
  void flush_() override {}
};

/// Keeps what it is given, and holds the log's thread inside the first line until it is opened.
class HeldSink final : public KeepingSink {
 public:
  std::atomic<bool> reached{false};
  std::atomic<bool> open{false};

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    reached.store(true);
    reached.notify_all();
    open.wait(false);
    KeepingSink::sink_it_(message);
  }
};

/// Loses as many lines as it is told to.
class FailingSink final : public KeepingSink {
 public:
  std::atomic<int> left_to_lose{0};

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (left_to_lose.fetch_sub(1) > 0) throw spdlog::spdlog_ex("lost");
    KeepingSink::sink_it_(message);
  }
};

/// A log whose thread is held at its sink, with this much room.
struct HeldLog {
  explicit HeldLog(LogOptions options) : log(clock, options, sink) {
    log.write(LogLevel::kError, "event=held");
    sink->reached.wait(false);
  }
  ~HeldLog() { open(); }
  void open() {
    sink->open.store(true);
    sink->open.notify_all();
  }

  const ManualClock clock;
  std::shared_ptr<HeldSink> sink = std::make_shared<HeldSink>();
  LogThread log;
};

std::uint64_t dropped_lines_told(const std::vector<std::string>& lines) {
  constexpr std::string_view kBefore = "level=warning event=log.dropped lines=";
  std::uint64_t told = 0;
  for (const std::string& line : lines) {
    const std::size_t at = line.find(kBefore);
    if (at == std::string::npos) continue;
    std::uint64_t count = 0;
    std::from_chars(line.data() + at + kBefore.size(), line.data() + line.size(), count);
    told += count;
  }
  return told;
}

void write_numbered(Log& log, int writer, int count) {
  for (int i = 0; i < count; ++i) {
    LogEvent(log, LogLevel::kInfo, "numbered").field("writer", writer).field("number", i);
  }
}

TEST(LogThread, WritesTheTimeInUtcTheLevelAndTheLine) {
  const ManualClock clock({1'378'417'595'729});
  const auto sink = std::make_shared<KeepingSink>();
  {
    LogThread log(clock, {}, sink);
    log.write(LogLevel::kInfo, "event=start cores=2");
    log.write(LogLevel::kWarning, "event=slow");
    log.write(LogLevel::kError, "event=disk.full");
  }
  EXPECT_EQ(sink->lines, (std::vector<std::string>{
                             "time=2013-09-05T21:46:35.729Z level=info event=start cores=2\n",
                             "time=2013-09-05T21:46:35.729Z level=warning event=slow\n",
                             "time=2013-09-05T21:46:35.729Z level=error event=disk.full\n",
                         }));
}

TEST(LogThread, TakesBracesAndPercentSignsAsTheyAre) {
  const ManualClock clock;
  const auto sink = std::make_shared<KeepingSink>();
  { LogThread(clock, {}, sink).write(LogLevel::kInfo, "event=odd user={}%v%"); }
  ASSERT_EQ(sink->lines.size(), 1U);
  EXPECT_NE(sink->lines[0].find("event=odd user={}%v%\n"), std::string::npos) << sink->lines[0];
}

TEST(LogThread, DropsWhatIsBelowItsLevelWithoutCountingIt) {
  const ManualClock clock;
  const auto sink = std::make_shared<KeepingSink>();
  {
    LogThread log(clock, {.least = LogLevel::kWarning}, sink);
    log.write(LogLevel::kDebug, "event=debug");
    log.write(LogLevel::kInfo, "event=info");
    log.write(LogLevel::kWarning, "event=warning");
    EXPECT_EQ(log.dropped_lines(), 0U);
  }
  ASSERT_EQ(sink->lines.size(), 1U);
  EXPECT_NE(sink->lines[0].find("event=warning"), std::string::npos);
}

TEST(LogThread, WritesALineWhenItComesAndNotOnlyAtTheEnd) {
  const ManualClock clock;
  const auto sink = std::make_shared<KeepingSink>();
  LogThread log(clock, {}, sink);
  for (std::size_t i = 1; i <= 100; ++i) {
    log.write(LogLevel::kInfo, "event=one");
    sink->wait_for(i);
  }
}

TEST(LogThread, DropsAndCountsWhatFindsTheQueueFullAndSaysSoLater) {
  const ManualClock clock;
  const auto sink = std::make_shared<HeldSink>();
  {
    LogThread log(clock, {.max_waiting_lines = 4}, sink);
    log.write(LogLevel::kInfo, "event=held");
    sink->reached.wait(false);
    write_numbered(log, 0, 7);
    EXPECT_EQ(log.dropped_lines(), 3U);
    sink->open.store(true);
    sink->open.notify_all();
  }
  ASSERT_EQ(sink->lines.size(), 6U);
  EXPECT_NE(sink->lines[4].find("number=3\n"), std::string::npos) << sink->lines[4];
  EXPECT_NE(sink->lines[5].find("level=warning event=log.dropped lines=3 "), std::string::npos)
      << sink->lines[5];
}

TEST(LogThread, KeepsEveryLineOfSeveralWritersInEachOnesOrder) {
  constexpr int kWriters = 4;
  constexpr int kLines = 2000;
  const ManualClock clock;
  const auto sink = std::make_shared<KeepingSink>();
  {
    LogThread log(clock, {.max_waiting_lines = 8192}, sink);
    std::vector<std::jthread> writers;
    for (int writer = 0; writer < kWriters; ++writer) {
      writers.emplace_back([&log, writer] { write_numbered(log, writer, kLines); });
    }
  }
  ASSERT_EQ(sink->lines.size(), std::size_t{kWriters} * kLines);
  std::array<int, kWriters> next{};
  for (const std::string& line : sink->lines) {
    const auto writer = static_cast<std::size_t>(line.at(line.find("writer=") + 7) - '0');
    const int expected = next.at(writer)++;
    ASSERT_NE(line.find("number=" + std::to_string(expected) + "\n"), std::string::npos) << line;
  }
}

TEST(LogThread, LosesNoLineUncountedWhenSeveralWritersFillASmallQueue) {
  constexpr int kWriters = 4;
  constexpr int kLines = 5000;
  const ManualClock clock;
  const auto sink = std::make_shared<KeepingSink>();
  std::uint64_t dropped = 0;
  {
    LogThread log(clock, {.max_waiting_lines = 2}, sink);
    {
      std::vector<std::jthread> writers;
      for (int writer = 0; writer < kWriters; ++writer) {
        writers.emplace_back([&log, writer] { write_numbered(log, writer, kLines); });
      }
    }
    dropped = log.dropped_lines();
  }
  const auto numbered = std::count_if(sink->lines.begin(), sink->lines.end(), [](const std::string& line) {
    return line.find("event=numbered") != std::string::npos;
  });
  EXPECT_EQ(static_cast<std::uint64_t>(numbered) + dropped, std::size_t{kWriters} * kLines);
  EXPECT_EQ(dropped_lines_told(sink->lines), dropped);
}

// Events that cost a stranger nothing can fill one room, but not the other.
TEST(LogThread, KeepsARoomOfTheirOwnForLinesOnWhatIsAnswered) {
  std::shared_ptr<HeldSink> sink;
  {
    HeldLog held({.max_waiting_lines = 4, .max_answered_lines = 3});
    sink = held.sink;
    write_numbered(held.log, 0, 100);
    for (int i = 0; i < 3; ++i) {
      LogRoom room = LogRoom::take(held.log);
      ASSERT_TRUE(room.is_held()) << i;
      LogEvent(std::move(room), LogLevel::kInfo, "answered").field("number", i);
    }
    EXPECT_FALSE(LogRoom::take(held.log).is_held()) << "its bound is three";
    LogEvent(LogRoom::take(held.log), LogLevel::kInfo, "answered.without.room");
    EXPECT_EQ(held.log.dropped_lines(), 97U);
  }
  ASSERT_EQ(sink->lines.size(), 1U + 4U + 3U + 1U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NE(sink->lines[5 + i].find("event=answered number=" + std::to_string(i)), std::string::npos);
  }
  EXPECT_EQ(dropped_lines_told(sink->lines), 97U);
}

TEST(LogThread, GivesRoomBackThatIsNotUsed) {
  HeldLog held({.max_waiting_lines = 4, .max_answered_lines = 1});
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(LogRoom::take(held.log).is_held());
}

TEST(LogThread, HasRoomAgainWhenItHasWrittenALine) {
  HeldLog held({.max_waiting_lines = 4, .max_answered_lines = 1});
  LogEvent(LogRoom::take(held.log), LogLevel::kInfo, "answered");
  EXPECT_FALSE(LogRoom::take(held.log).is_held());
  held.open();
  held.sink->wait_for(2);
  EXPECT_TRUE(LogRoom::take(held.log).is_held());
}

TEST(LogThread, HoldsNobodyUpForALineBelowItsLevel) {
  HeldLog held({.least = LogLevel::kWarning, .max_waiting_lines = 4, .max_answered_lines = 1});
  for (int i = 0; i < 10; ++i) {
    LogRoom room = LogRoom::take(held.log);
    ASSERT_TRUE(room.is_held());
    LogEvent(std::move(room), LogLevel::kInfo, "answered");
  }
}

TEST(LogThread, CountsWhatItsSinkLosesAndSaysSoWhenTheSinkTakesLinesAgain) {
  const ManualClock clock;
  const auto sink = std::make_shared<FailingSink>();
  {
    LogThread log(clock, {}, sink);
    sink->left_to_lose.store(8);
    write_numbered(log, 0, 20);
  }
  const auto numbered = std::count_if(sink->lines.begin(), sink->lines.end(), [](const std::string& line) {
    return line.find("event=numbered") != std::string::npos;
  });
  EXPECT_EQ(static_cast<std::uint64_t>(numbered) + dropped_lines_told(sink->lines), 20U);
  EXPECT_GT(dropped_lines_told(sink->lines), 0U);
}

TEST(LogThread, TellsWhatItDroppedThoughLinesNeverCeaseToCome) {
  std::shared_ptr<HeldSink> sink;
  {
    HeldLog held({.max_waiting_lines = 1024});
    sink = held.sink;
    write_numbered(held.log, 0, 2000);
  }
  const auto told = std::find_if(sink->lines.begin(), sink->lines.end(), [](const std::string& line) {
    return line.find("event=log.dropped") != std::string::npos;
  });
  ASSERT_NE(told, sink->lines.end());
  EXPECT_LT(told - sink->lines.begin(), 512) << "not only when the queue is empty";
}

TEST(LogThread, WithBothRoomsInUseByManyLosesNoLineThatHasRoomAndNoneUncounted) {
  constexpr int kWriters = 4;
  constexpr int kLines = 3000;
  const ManualClock clock;
  const auto sink = std::make_shared<KeepingSink>();
  std::uint64_t dropped = 0;
  std::atomic<std::uint64_t> answered{0};
  {
    LogThread log(clock, {.max_waiting_lines = 1, .max_answered_lines = 2}, sink);
    {
      std::vector<std::jthread> writers;
      for (int writer = 0; writer < kWriters; ++writer) {
        writers.emplace_back([&log, &answered, writer] {
          for (int i = 0; i < kLines; ++i) {
            LogEvent(log, LogLevel::kInfo, "numbered").field("number", i);
            LogRoom room = LogRoom::take(log);
            if (!room.is_held()) continue;
            answered.fetch_add(1);
            LogEvent(std::move(room), LogLevel::kInfo, "answered").field("writer", writer);
          }
        });
      }
    }
    dropped = log.dropped_lines();
  }
  const auto count = [&sink](const char* event) {
    return static_cast<std::uint64_t>(
        std::count_if(sink->lines.begin(), sink->lines.end(), [event](const std::string& line) {
          return line.find(std::string("event=") + event + " ") != std::string::npos;
        }));
  };
  EXPECT_EQ(count("answered"), answered.load());
  EXPECT_EQ(count("numbered") + dropped, std::size_t{kWriters} * kLines);
}

}  // namespace
}  // namespace latchkey::server
