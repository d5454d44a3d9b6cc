#include "server/logs.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/temporary_directory.h"

namespace latchkey::server {
namespace {

constexpr std::size_t kAuditPlaces = 1024;
constexpr std::string_view kResources[] = {"none", "/auth/verify"};

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::size_t lines_in(std::string_view text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

/// Writes a line about something answered, once there is room.
void answer(Log& log, std::size_t number) {
  while (true) {
    LogRoom room = LogRoom::take(log);
    if (room.is_held()) {
      LogEvent(std::move(room), LogLevel::kInfo, "login.new").field("number", number);
      return;
    }
    std::this_thread::yield();
  }
}

void put(http::AccessRing& ring, std::uint32_t number) {
  while (true) {
    if (http::AccessRecord* const record = ring.next(200, BootTime{0})) {
      *record = {};
      record->status = 200;
      record->resource = 1;
      record->bytes = number;
      return ring.put();
    }
    std::this_thread::yield();
  }
}

class LogsTest : public ::testing::Test {
 protected:
  LogsTest() {
    settings_.audit_log = (directory_.path() / "audit.log").string();
    settings_.access_log = (directory_.path() / "access.log").string();
  }

  LogFiles open() const {
    Result<LogFiles> opened = open_log_files(settings_);
    EXPECT_TRUE(opened) << opened.error().text;
    return std::move(*opened);
  }

  /// Whatever begins with this name, in one text.
  std::string all_of(const std::string& name) const {
    std::string text;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
      if (entry.path().filename().string().starts_with(name)) text += text_of(entry.path());
    }
    return text;
  }

  test::TemporaryDirectory directory_;
  Settings settings_;
  const SystemClock clock_;
};

TEST_F(LogsTest, KeepsTheAuditInItsFileWhateverTheLevelAndCountsItApart) {
  settings_.log_level = LogLevel::kError;
  Logs logs(clock_, settings_, open(), 1, false);
  LogEvent(logs, LogLevel::kInfo, "common");
  answer(logs, 1);
  answer(logs, 2);
  while (logs.audit_counts().written < 2) std::this_thread::yield();
  EXPECT_EQ(logs.server_counts().written, 0U);
  const std::string text = text_of(settings_.audit_log);
  EXPECT_EQ(lines_in(text), 2U) << text;
  EXPECT_NE(text.find(" level=info event=login.new number=1 log=audit\n"), std::string::npos) << text;
}

TEST_F(LogsTest, GivesNoMoreRoomThanAFullDiskLeavesAndAllOfItOnceThereIsAnother) {
  std::filesystem::create_symlink("/dev/full", settings_.audit_log);
  {
    Logs logs(clock_, settings_, open(), 1, false);
    std::vector<LogRoom> rooms;
    std::size_t given = 0;
    // One line is at the disk, beside those that wait.
    for (std::size_t tries = 0; given <= kAuditPlaces && tries < 1'000'000; ++tries) {
      LogRoom room = LogRoom::take(logs);
      if (!room.is_held()) continue;
      LogEvent(std::move(room), LogLevel::kInfo, "login.new").field("number", given++);
    }
    EXPECT_EQ(given, kAuditPlaces + 1);
    EXPECT_FALSE(LogRoom::take(logs).is_held());
    std::filesystem::remove(settings_.audit_log);
    EXPECT_EQ(logs.reopen(), 2U);
    while (logs.audit_counts().written < given) std::this_thread::yield();
    EXPECT_EQ(logs.audit_counts().dropped, 0U);
    EXPECT_TRUE(LogRoom::take(logs).is_held());
  }
  EXPECT_EQ(lines_in(text_of(settings_.audit_log)), kAuditPlaces + 1);
}

TEST_F(LogsTest, LosesAndTearsNoLineWhileFilesAreTurnedOver) {
  constexpr std::size_t kAnswers = 20'000;
  constexpr std::uint32_t kRequests = 50'000;
  constexpr int kTurns = 50;
  {
    Logs logs(clock_, settings_, open(), 1, false);
    logs.access()->name_resources(kResources);
    std::thread answers([&logs] {
      for (std::size_t i = 0; i < kAnswers; ++i) answer(logs, i);
    });
    std::thread requests([&logs] {
      for (std::uint32_t i = 0; i < kRequests; ++i) put(logs.access()->ring_of(0), i);
    });
    for (int i = 0; i < kTurns; ++i) {
      for (const std::string& name : {settings_.audit_log, settings_.access_log}) {
        std::filesystem::rename(name, name + "." + std::to_string(i));
      }
      logs.reopen();
      while (!std::filesystem::exists(settings_.audit_log) || !std::filesystem::exists(settings_.access_log))
        std::this_thread::yield();
    }
    answers.join();
    requests.join();
  }
  for (const auto& [name, count] :
       {std::pair("audit.log", kAnswers), std::pair("access.log", std::size_t{kRequests})}) {
    std::istringstream lines(all_of(name));
    std::size_t whole = 0;
    for (std::string line; std::getline(lines, line);) {
      whole += line.starts_with("time=") && line.find(" log=a") != std::string::npos &&
                       line.find("time=", 1) == std::string::npos
                   ? 1U
                   : 0U;
    }
    EXPECT_EQ(whole, count) << name;
  }
}

TEST_F(LogsTest, DropsAndCountsAccessLinesThatNobodyReadsAndNothingElse) {
  ASSERT_EQ(::mkfifo(settings_.access_log.c_str(), 0600), 0);
  const int reader = ::open(settings_.access_log.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  Logs logs(clock_, settings_, open(), 1, false);
  logs.access()->name_resources(kResources);
  http::AccessRing& ring = logs.access()->ring_of(0);
  constexpr std::uint64_t kRequests = 40'000;
  std::uint64_t put_in = 0;
  for (std::uint64_t i = 0; i < kRequests; ++i) {
    http::AccessRecord* const record = ring.next(200, BootTime{0});
    if (record == nullptr) continue;
    *record = {};
    record->resource = 1;
    ring.put();
    ++put_in;
  }
  EXPECT_EQ(logs.access_counts().dropped, kRequests - put_in);
  EXPECT_GT(logs.access_counts().dropped, 0U);
  answer(logs, 1);
  while (logs.audit_counts().written < 1) std::this_thread::yield();
  std::array<char, 65536> bytes{};
  std::size_t lines = 0;
  while (lines < put_in) {
    const ssize_t got = ::read(reader, bytes.data(), bytes.size());
    if (got > 0) lines += lines_in({bytes.data(), static_cast<std::size_t>(got)});
  }
  while (logs.access_counts().written < put_in) std::this_thread::yield();
  EXPECT_EQ(logs.access_counts().written + logs.access_counts().dropped, kRequests);
  ::close(reader);
}

TEST_F(LogsTest, OnStandardErrorHaveNothingToOpenAgain) {
  settings_.audit_log.clear();
  settings_.access_log = kAccessLogOnStderr;
  Logs logs(clock_, settings_, open(), 1, false);
  EXPECT_EQ(logs.reopen(), 0U);
}

}  // namespace
}  // namespace latchkey::server
