#include "server/confinement.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <functional>
#include <thread>
#include <vector>

#include "latchkey/base/sanitized.h"
#include "support/temporary_directory.h"

namespace latchkey::server {
namespace {

/// Runs `body` in a new process that is confined to `data`. Returns how that ended, as waitpid(2) reports it.
int status_of_confined(const std::filesystem::path& data, const std::function<bool()>& body,
                       const std::vector<std::filesystem::path>& log_directories = {}) {
  const pid_t child = ::fork();
  if (child == 0) {
    ConfinementGaps gaps;
    Result<void> done = confine(data, log_directories, gaps);
    if (done) done = close_ways_out();
    if (!done) std::fprintf(stderr, "%s\n", done.error().text.c_str());
    ::_exit(done && body() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

/// Whether `body`, run confined, returns true.
bool confined(const std::filesystem::path& data, const std::function<bool()>& body,
              const std::vector<std::filesystem::path>& log_directories = {}) {
  const int status = status_of_confined(data, body, log_directories);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// Whether `body`, run confined, ends the process.
bool ends(const std::filesystem::path& data, const std::function<void()>& body) {
  const int status = status_of_confined(data, [&body] {
    body();
    return true;
  });
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

bool opens(const std::filesystem::path& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}

class ConfinementTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (kSanitized) GTEST_SKIP() << "the sanitizers reach for what is forbidden";
    std::ofstream(outside_.path() / "secret") << "secret";
  }

  test::TemporaryDirectory data_;
  test::TemporaryDirectory outside_;
};

TEST_F(ConfinementTest, FilesOfTheDataDirectoryAreAllThatOpens) {
  const std::filesystem::path inside = data_.path() / "file";
  const std::filesystem::path outside = outside_.path() / "secret";
  ASSERT_TRUE(opens(outside, O_RDONLY));
  EXPECT_TRUE(confined(data_.path(),
                       [&] { return opens(inside, O_RDWR | O_CREAT) && ::unlink(inside.c_str()) == 0; }));
  EXPECT_TRUE(confined(data_.path(), [&] { return !opens(outside, O_RDONLY) && errno == EACCES; }));
  EXPECT_TRUE(confined(data_.path(), [&] { return !opens(outside_.path() / "new", O_RDWR | O_CREAT); }));
  EXPECT_TRUE(confined(data_.path(), [&] { return !opens(data_.path() / ".." / "..", O_RDONLY); }));
}

TEST_F(ConfinementTest, TheDirectoriesOfLogFilesAreToBeWrittenToAndNotToBeReadOrEmptied) {
  const std::filesystem::path log = outside_.path() / "log";
  const std::filesystem::path secret = outside_.path() / "secret";
  const auto with_logs = [this](const std::function<bool()>& body) {
    return confined(data_.path(), body, {outside_.path()});
  };
  EXPECT_TRUE(with_logs([&] { return opens(log, O_WRONLY | O_APPEND | O_CREAT); }));
  EXPECT_TRUE(with_logs([&] { return opens(log, O_WRONLY | O_APPEND); }));
  EXPECT_TRUE(with_logs([&] { return !opens(secret, O_RDONLY) && errno == EACCES; }));
  EXPECT_TRUE(with_logs([&] { return !opens(outside_.path(), O_RDONLY | O_DIRECTORY) && errno == EACCES; }));
  EXPECT_TRUE(with_logs([&] { return ::unlink(secret.c_str()) != 0; }));
  EXPECT_TRUE(with_logs([&] { return !opens(outside_.path() / ".." / "log", O_WRONLY | O_CREAT); }));
  EXPECT_TRUE(std::filesystem::exists(secret));
}

TEST_F(ConfinementTest, AThreadThatStartsLaterOpensNoMore) {
  const std::filesystem::path outside = outside_.path() / "secret";
  EXPECT_TRUE(confined(data_.path(), [&] {
    bool opened = true;
    std::thread([&] { opened = opens(outside, O_RDONLY); }).join();
    return !opened;
  }));
}

TEST_F(ConfinementTest, WhatIsOpenStaysOpen) {
  const int fd = ::open((outside_.path() / "secret").c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  char byte = 0;
  EXPECT_TRUE(confined(data_.path(), [&] { return ::read(fd, &byte, 1) == 1; }));
  ::close(fd);
}

TEST_F(ConfinementTest, NoProgramAndNoProcessIsStarted) {
  EXPECT_TRUE(ends(data_.path(), [] {
    char name[] = "/bin/true";
    char* const arguments[] = {name, nullptr};
    ::execv(name, arguments);
  }));
  EXPECT_TRUE(ends(data_.path(), [] {
    if (::fork() == 0) ::_exit(0);
  }));
}

TEST_F(ConfinementTest, NoSocketIsMadeOfAnyKind) {
  for (const int family : {AF_INET, AF_INET6, AF_UNIX}) {
    for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
      EXPECT_TRUE(ends(data_.path(), [&] { static_cast<void>(::socket(family, type, 0)); })) << family;
    }
  }
}

TEST_F(ConfinementTest, AThreadThatRunsAlreadyIsHeldToo) {
  EXPECT_TRUE(WIFSIGNALED([this] {
    const pid_t child = ::fork();
    if (child == 0) {
      ConfinementGaps gaps;
      if (!confine(data_.path(), {}, gaps)) ::_exit(1);
      std::atomic<bool> is_closed = false;
      std::thread early([&is_closed] {
        is_closed.wait(false);
        static_cast<void>(::socket(AF_INET, SOCK_STREAM, 0));
      });
      if (!close_ways_out()) ::_exit(1);
      is_closed = true;
      is_closed.notify_one();
      early.join();
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
  }()));
}

TEST_F(ConfinementTest, NoMemoryBecomesCode) {
  EXPECT_TRUE(ends(data_.path(), [] {
    void* const memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory != MAP_FAILED) ::mprotect(memory, 4096, PROT_READ | PROT_EXEC);
  }));
  EXPECT_TRUE(ends(data_.path(), [] {
    static_cast<void>(::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
                      MAP_FAILED);
  }));
}

TEST_F(ConfinementTest, NothingComesBack) {
  EXPECT_TRUE(ends(data_.path(), [] { static_cast<void>(::setuid(0) == 0); }));
  EXPECT_TRUE(ends(data_.path(), [] { ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); }));
  EXPECT_TRUE(ends(data_.path(), [] { static_cast<void>(::chroot("/") == 0); }));
}

TEST_F(ConfinementTest, ADirectoryThatIsNotThereIsAnErrorThatNamesIt) {
  EXPECT_FALSE(confined(data_.path() / "none", [] { return true; }));
}

TEST(LeaveRoot, OverRootsDataIsRefusedWithTheCommandsThatMendIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "root alone has something to leave";
  const test::TemporaryDirectory data;
  ConfinementGaps gaps;
  const Result<void> left = leave_root(data.path(), gaps);
  ASSERT_FALSE(left);
  EXPECT_NE(left.error().text.find("chown -R latchkey: " + data.path().string()), std::string::npos)
      << left.error().text;
  // What is made in root's directory belongs to root too.
  EXPECT_FALSE(leave_root(data.path() / "none", gaps, {.may_create = true}));
  EXPECT_FALSE(leave_root(data.path() / "none/", gaps, {.may_create = true}));
  EXPECT_TRUE(leave_root(data.path() / "none", gaps)) << "who opens it says that it is missing";
  EXPECT_TRUE(gaps.empty());
}

TEST(LeaveRoot, WithLeaveToStayItStaysAndSaysSo) {
  if (::geteuid() != 0) GTEST_SKIP() << "root alone has something to leave";
  const test::TemporaryDirectory data;
  ConfinementGaps gaps;
  ASSERT_TRUE(leave_root(data.path(), gaps, {.may_stay = true}));
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_NE(gaps.front().find(data.path().string() + " is root's"), std::string::npos) << gaps.front();
}

}  // namespace
}  // namespace latchkey::server
