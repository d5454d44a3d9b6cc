#include "server/line_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "support/temporary_directory.h"

namespace latchkey::server {
namespace {

class LineKeeper final : public Log {
 public:
  void write(LogLevel, std::string line) noexcept override {
    const std::scoped_lock lock(mutex_);
    kept_ += line + '\n';
    changes_.fetch_add(1);
    changes_.notify_all();
  }
  void wait_for(std::string_view part) {
    while (true) {
      const int seen = changes_;
      {
        const std::scoped_lock lock(mutex_);
        if (kept_.find(part) != std::string::npos) return;
      }
      changes_.wait(seen);
    }
  }
  std::string kept() {
    const std::scoped_lock lock(mutex_);
    return kept_;
  }

 private:
  std::mutex mutex_;
  std::string kept_;
  std::atomic<int> changes_ = 0;
};

class LineWriterTest : public ::testing::Test {
 protected:
  LogFile open() const { return LogFile::open("audit_log", path_).value(); }
  static std::string text_of(const std::filesystem::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  test::TemporaryDirectory directory_;
  const std::filesystem::path path_ = directory_.path() / "audit.log";
  const std::filesystem::path moved_ = directory_.path() / "audit.log.1";
  LineKeeper log_;
};

TEST_F(LineWriterTest, AppendsToWhatIsThere) {
  std::ofstream(path_) << "before\n";
  LineWriter writer(open(), "audit", "waits", log_);
  EXPECT_EQ(writer.write("a\nb\n"), 0);
  EXPECT_EQ(text_of(path_), "before\na\nb\n");
}

TEST_F(LineWriterTest, OpensTheFileAgainWhenAskedAndSaysSo) {
  LineWriter writer(open(), "audit", "waits", log_);
  EXPECT_EQ(writer.write("old\n"), 0);
  std::filesystem::rename(path_, moved_);
  EXPECT_EQ(writer.write("old too\n"), 0);
  EXPECT_FALSE(writer.look());
  EXPECT_TRUE(writer.ask_to_reopen());
  EXPECT_TRUE(writer.look());
  EXPECT_EQ(writer.write("new\n"), 0);
  EXPECT_EQ(text_of(moved_), "old\nold too\n");
  EXPECT_EQ(text_of(path_), "new\n");
  EXPECT_NE(log_.kept().find("event=log.reopened stream=audit file=" + path_.string()), std::string::npos)
      << log_.kept();
}

TEST_F(LineWriterTest, KeepsTheFileThatItHasWhereItCannotOpenAnother) {
  LineWriter writer(open(), "audit", "waits", log_);
  std::filesystem::rename(path_, moved_);
  std::filesystem::create_directory(path_);
  writer.ask_to_reopen();
  EXPECT_EQ(writer.write("kept\n"), 0);
  EXPECT_EQ(text_of(moved_), "kept\n");
  EXPECT_NE(log_.kept().find("event=log.not_reopened stream=audit"), std::string::npos) << log_.kept();
}

TEST_F(LineWriterTest, StandardErrorIsNotOpenedAgain) { EXPECT_FALSE(LineWriter(2).ask_to_reopen()); }

TEST_F(LineWriterTest, WaitsOnAFullDiskUntilAnotherFileStandsThere) {
  std::filesystem::create_symlink("/dev/full", path_);
  LineWriter writer(open(), "audit", "waits", log_);
  std::thread waiting([&writer] { EXPECT_EQ(writer.write("a\nb\n"), 0); });
  log_.wait_for("event=log.not_written stream=audit file=" + path_.string() +
                " reason=\"No space left on device\" effect=waits");
  std::filesystem::remove(path_);
  writer.ask_to_reopen();
  waiting.join();
  EXPECT_EQ(text_of(path_), "a\nb\n");
}

// A pipe takes a part: the line that it has in part is whole in the file that follows, and no line before it.
TEST_F(LineWriterTest, BeginsAnotherFileWithTheLineThatTheOneBeforeHasInPart) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  const int reader = ::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  ASSERT_GT(::fcntl(reader, F_SETPIPE_SZ, 4096), 0);
  LineWriter writer(open(), "audit", "waits", log_);
  const std::string first(3000, 'a');
  const std::string second(3000, 'b');
  std::atomic<bool> written = false;
  std::thread waiting([&] {
    EXPECT_EQ(writer.write(first + '\n' + second + '\n'), 0);
    written = true;
  });
  // Until the pipe is full. Nothing else can be seen of that from here.
  int in_pipe = 0;
  while (in_pipe < 4096) ASSERT_EQ(::ioctl(reader, FIONREAD, &in_pipe), 0);
  EXPECT_FALSE(written);
  std::filesystem::remove(path_);
  writer.ask_to_reopen();
  waiting.join();
  EXPECT_EQ(text_of(path_), second + '\n');
  ::close(reader);
}

TEST_F(LineWriterTest, APipeThatNobodyReadsCannotBeOpened) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  const Result<LogFile> opened = LogFile::open("audit_log", path_);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().text.find("no process reads"), std::string::npos) << opened.error().text;
}

}  // namespace
}  // namespace latchkey::server
