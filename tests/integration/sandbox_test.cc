// What code in the confined server can reach. A library that is loaded into it (probe/sandbox_probe.cc) tries
// this from inside, on each kind of thread.
#include <arpa/inet.h>
#include <dirent.h>
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "integration/probe/probe_page.h"
#include "latchkey/base/sanitized.h"
#include "support/control_page.h"
#include "support/rig.h"

namespace latchkey::test {
namespace {

constexpr const char* kLibraryVariable = "SANDBOX_PROBE_LIBRARY";
const std::vector<std::string> kKinds = {"latchkeyd", "core-0",         "hash-0",      "standby-0",
                                         "store",     "latchkey-pages", "latchkey-log"};

using Answers = std::vector<std::pair<std::string, int>>;

std::string text_of(int error) {
  switch (error) {
    case kDone:
      return "DONE";
    case kCaught:
      return "SIGSYS";
    case kBusy:
      return "busy";
    default:
      return ::strerrorname_np(error) == nullptr ? std::to_string(error) : ::strerrorname_np(error);
  }
}

/// What the probe tries to reach: sockets of the test. Nothing may arrive at any of them.
class Targets {
 public:
  explicit Targets(ProbePage& page) {
    page.process = ::getpid();
    page.tcp_port = internet(SOCK_STREAM);
    page.udp_port = internet(SOCK_DGRAM);
    unix_socket(SOCK_STREAM, directory_ / "stream", page.stream_path);
    unix_socket(SOCK_DGRAM, directory_ / "datagram", page.datagram_path);
    unix_socket(SOCK_DGRAM, std::string(1, '\0') + "latchkey-" + std::to_string(::getpid()),
                page.abstract_name);
    // The modes let the probe's user reach them.
    std::filesystem::permissions(directory_.path(), std::filesystem::perms::all);
    for (const char* const name : {"stream", "datagram"})
      std::filesystem::permissions(directory_ / name, std::filesystem::perms::all);
  }
  ~Targets() {
    for (const pollfd& socket : sockets_) ::close(socket.fd);
  }
  Targets(const Targets&) = delete;
  Targets& operator=(const Targets&) = delete;

  bool nothing_arrived() { return ::poll(sockets_.data(), sockets_.size(), 0) == 0; }

 private:
  std::uint16_t internet(int type) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const int fd = open_socket(AF_INET, type, &address, size);
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
  }

  void unix_socket(int type, const std::string& name, std::span<char> written) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    std::memcpy(written.data(), name.data(), name.size());
    // The probe passes the whole structure, so an abstract name is that long.
    open_socket(AF_UNIX, type, &address, sizeof address);
  }

  int open_socket(int family, int type, const void* address, socklen_t size) {
    const int fd = ::socket(family, type | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::bind(fd, static_cast<const sockaddr*>(address), size), 0) << text_of(errno);
    if (type == SOCK_STREAM) {
      EXPECT_EQ(::listen(fd, 8), 0);
    }
    sockets_.push_back({fd, POLLIN, 0});
    return fd;
  }

  TemporaryDirectory directory_;
  std::vector<pollfd> sockets_;
};

/// A service manager's socket, so that the server holds one.
class Manager {
 public:
  Manager() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().copy(address.sun_path, sizeof address.sun_path - 1);
    fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    std::filesystem::permissions(directory_.path(), std::filesystem::perms::all);
    std::filesystem::permissions(path(), std::filesystem::perms::all);
  }
  ~Manager() { ::close(fd_); }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;
  std::string path() const { return directory_ / "notify"; }

 private:
  TemporaryDirectory directory_;
  int fd_ = -1;
};

class FromInside : public ::testing::Test {
 protected:
  void SetUp() override {
    if (kSanitized) GTEST_SKIP() << "the sanitizers reach for what is forbidden";
  }

  void start() {
    ServerOptions options;
    options.environment = page_.environment(kLibraryVariable, kProbePageVariable);
    options.environment.push_back("NOTIFY_SOCKET=" + manager_.path());
    server_.emplace(options);
    for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid()) + "/task")) {
      std::ifstream file(task.path() / "comm");
      std::string name;
      std::getline(file, name);
      threads_[name] = std::stoi(task.path().filename());
    }
  }

  pid_t pid() const { return server_->process.pid(); }

  void signal_thread(const std::string& thread, ProbeTask task) {
    ASSERT_TRUE(threads_.contains(thread)) << thread;
    page_->task = task;
    page_->answered = 0;
    ASSERT_EQ(::syscall(SYS_tgkill, pid(), threads_[thread], probe_signal()), 0);
  }

  /// Returns what that thread was answered. A busy thread is asked again.
  Answers ask(const std::string& thread, ProbeTask task) {
    Answers answers;
    bool busy = true;
    for (int tries = 0; busy && tries < 100; ++tries) {
      const std::uint32_t before = page_->over;
      signal_thread(thread, task);
      const timespec patience{kPatience.count(), 0};
      while (page_->over == before) {
        if (::syscall(SYS_futex, &page_->over, FUTEX_WAIT, before, &patience, nullptr, 0) != 0 &&
            errno == ETIMEDOUT) {
          const std::uint32_t tried = page_->answered;
          ADD_FAILURE() << thread << " did not come back; the last that it tried was "
                        << (tried == 0 ? "nothing" : page_->answers[tried - 1].way.data());
          return answers;
        }
      }
      answers.clear();
      busy = false;
      for (std::uint32_t i = 0; i < page_->answered; ++i) {
        const Answer& answer = page_->answers[i];
        answers.emplace_back(answer.way.data(), answer.error);
        busy = busy || answer.error == kBusy;
      }
    }
    EXPECT_FALSE(busy) << thread;
    return answers;
  }

  TemporaryDirectory directory_;
  ControlPage<ProbePage> page_{directory_ / "page"};
  Manager manager_;
  std::optional<OwnServer> server_;
  std::map<std::string, int> threads_;
};

TEST_F(FromInside, EveryWayOutIsRefusedToEveryKindOfThread) {
  Targets targets(*page_.operator->());
  start();
  std::vector<std::string> ways;
  std::map<std::string, std::map<std::string, std::string>> table;
  for (const std::string& thread : kKinds) {
    const Answers answers = ask(thread, ProbeTask::kEveryWay);
    EXPECT_GT(answers.size(), 300U) << thread;
    for (const auto& [way, error] : answers) {
      EXPECT_NE(error, kDone) << thread << ": " << way;
      if (std::find(ways.begin(), ways.end(), way) == ways.end()) ways.push_back(way);
      table[way][thread] = text_of(error);
    }
    EXPECT_TRUE(targets.nothing_arrived()) << thread;
  }
  std::printf("%-50s", "way");
  for (const std::string& thread : kKinds) std::printf(" %-9.9s", thread.c_str());
  for (const std::string& way : ways) {
    std::printf("\n%-50s", way.c_str());
    for (const std::string& thread : kKinds) std::printf(" %-9.9s", table[way][thread].c_str());
  }
  std::printf("\n");
  // The refused attempts have done no harm.
  HttpClient client(server_->process.port());
  EXPECT_EQ(use_token(client, obtain_token(client, "after"), "after").status, 200);
}

TEST_F(FromInside, EveryCallThatIsOnNoListIsCaughtInEveryKindOfThread) {
  start();
  for (const std::string& thread : kKinds) {
    for (const auto& [way, error] : ask(thread, ProbeTask::kEveryCall)) {
      EXPECT_EQ(error, kCaught) << thread << ": " << way;
    }
  }
}

TEST_F(FromInside, AWayOutEndsTheServerAndTheLastLineNamesCallAndThread) {
  for (const std::string thread : {"latchkeyd", "core-0", "latchkey-log"}) {
    page_->keep_handler = 1;
    start();
    signal_thread(thread, ProbeTask::kSocket);
    EXPECT_EQ(server_->process.wait(), -SIGSYS) << thread;
    const std::string log = server_->process.log();
    const std::size_t line = log.find("event=sandbox.refused call=socket number=41 thread=" + thread);
    EXPECT_NE(line, std::string::npos) << log;
    EXPECT_EQ(log.find('\n', line), log.size() - 1) << log;
    server_.reset();
  }
}

TEST_F(FromInside, ACallThatIsNoWayOutIsRefusedLoggedOnceAndTheServerServesOn) {
  page_->keep_handler = 1;
  start();
  const Answers answers = ask("core-0", ProbeTask::kHarmless);
  EXPECT_EQ(answers, (Answers{{"getppid", EPERM}, {"getppid", EPERM}}));
  HttpClient client(server_->process.port());
  obtain_token(client, "browser");
  EXPECT_EQ(server_->process.stop(), 0);
  const std::string log = server_->process.log();
  const std::size_t line = log.find("level=error event=sandbox.refused call=getppid");
  EXPECT_NE(line, std::string::npos) << log;
  EXPECT_EQ(log.find("call=getppid", line + 60), std::string::npos) << log;
}

TEST_F(FromInside, TheOtherTablesOfCallsAndAnotherHandlerEndTheServer) {
  std::vector<ProbeTask> tasks = {ProbeTask::kOwnHandler};
#if defined(__x86_64__)
  tasks.insert(tasks.end(), {ProbeTask::kOtherCallTable, ProbeTask::kX32CallTable});
#endif
  for (const ProbeTask task : tasks) {
    start();
    signal_thread("core-0", task);
    EXPECT_EQ(server_->process.wait(), -SIGSYS) << static_cast<int>(task);
    server_.reset();
  }
}

}  // namespace
}  // namespace latchkey::test
