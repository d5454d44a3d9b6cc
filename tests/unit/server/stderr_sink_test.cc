#include "server/stderr_sink.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "server/log_thread.h"

namespace latchkey::server {
namespace {

/// A pipe of the smallest size, which a few lines fill.
class SmallPipe {
 public:
  explicit SmallPipe(int flags = 0) {
    EXPECT_EQ(::pipe2(ends_.data(), O_CLOEXEC), 0);
    EXPECT_GT(::fcntl(ends_[1], F_SETPIPE_SZ, 4096), 0);
    EXPECT_EQ(::fcntl(ends_[1], F_SETFL, flags), 0);
  }
  ~SmallPipe() {
    close_reader();
    ::close(ends_[1]);
  }
  int writer() const { return ends_[1]; }
  void close_reader() { ::close(std::exchange(ends_[0], -1)); }
  std::string read_lines(std::ptrdiff_t lines) {
    std::string text;
    std::array<char, 4096> bytes{};
    ssize_t count = 1;
    while (count > 0 && std::count(text.begin(), text.end(), '\n') < lines) {
      count = ::read(ends_[0], bytes.data(), bytes.size());
      if (count > 0) text.append(bytes.data(), static_cast<std::size_t>(count));
    }
    return text;
  }

 private:
  std::array<int, 2> ends_{};
};

void write_lines(Log& log, int count) {
  for (int i = 0; i < count; ++i) LogEvent(log, LogLevel::kInfo, "numbered").field("number", i);
}

class StderrSinkTest : public ::testing::TestWithParam<int> {
 protected:
  const SystemClock clock_;
};

// Whoever shares a descriptor may make it non-blocking.
TEST_P(StderrSinkTest, WaitsForASlowReaderAndLosesNothingThatTheQueueHolds) {
  SmallPipe pipe(GetParam());
  LogThread log(clock_, {}, std::make_shared<StderrSink>(pipe.writer()));
  write_lines(log, 500);
  const std::string text = pipe.read_lines(500);
  EXPECT_NE(text.find("number=499\n"), std::string::npos) << text.substr(text.size() - 200);
  EXPECT_EQ(log.dropped_lines(), 0U);
}

INSTANTIATE_TEST_SUITE_P(OnAPipe, StderrSinkTest, ::testing::Values(0, O_NONBLOCK));

class StderrSinkEnd : public StderrSinkTest {};

// The log must end here: otherwise the test hangs.
TEST_F(StderrSinkEnd, KeepsNobodyWaitingWhereNobodyReads) {
  SmallPipe pipe;
  LogThread log(clock_, {}, std::make_shared<StderrSink>(pipe.writer()));
  write_lines(log, 500);
}

TEST_F(StderrSinkEnd, KeepsNobodyWaitingOnAFullDisk) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  {
    LogThread log(clock_, {}, std::make_shared<StderrSink>(full));
    write_lines(log, 500);
  }
  ::close(full);
}

TEST_F(StderrSinkEnd, CountsTheLinesOfAReaderThatHasGone) {
  ::signal(SIGPIPE, SIG_IGN);
  SmallPipe pipe;
  pipe.close_reader();
  LogThread log(clock_, {.max_waiting_lines = 1000}, std::make_shared<StderrSink>(pipe.writer()));
  write_lines(log, 500);
  while (log.dropped_lines() < 500) std::this_thread::yield();
  EXPECT_TRUE(LogRoom::take(log).is_held()) << "nobody is kept waiting for a reader that will not come";
}

}  // namespace
}  // namespace latchkey::server
