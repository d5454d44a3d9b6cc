// Every signal has a defined effect. Each is sent to a server that was started as by a shell, and to one
// whose parent had ignored and blocked all signals.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "latchkey/base/sanitized.h"
#include "support/rig.h"

namespace latchkey::test {
namespace {

using Start = ChildOptions::Start;

constexpr int kMaxSignal = 64;
constexpr int kInheritedSocket = 100;
const std::set<int> kStop = {SIGTERM, SIGINT, SIGQUIT, SIGXCPU};
const std::set<int> kLogged = {SIGHUP, SIGUSR1, SIGUSR2};
const std::set<int> kBugs = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP, SIGSYS};

ServerOptions started(Start start) {
  ServerOptions options;
  options.start = start;
  return options;
}

void expect_to_serve(OwnServer& server, int signal) {
  HttpClient client(server.process.port());
  EXPECT_EQ(client.request("GET", "/api/v2/ping/", {}).status, 200) << signal;
}

TEST(Signals, WhatStopsTheServerStopsItInOrder) {
  for (const int signal : kStop) {
    OwnServer server;
    server.process.signal(signal);
    EXPECT_EQ(server.process.wait(), 0) << strsignal(signal);
    EXPECT_NE(server.process.log().find("event=server.stopping signal="), std::string::npos);
    EXPECT_NE(server.process.log().find("event=server.stopped"), std::string::npos);
  }
}

TEST(Signals, ABugEndsItAsTheSystemDoes) {
  if (kSanitized) GTEST_SKIP() << "the sanitizers handle these";
  for (const int signal : kBugs) {
    OwnServer server;
    server.process.signal(signal);
    EXPECT_EQ(server.process.wait(), -signal) << strsignal(signal);
  }
}

TEST(Signals, EveryOtherOneDisturbsNobody) {
  OwnServer server;
  for (int signal = 1; signal <= kMaxSignal; ++signal) {
    if (signal == SIGKILL || kStop.contains(signal) || kBugs.contains(signal)) continue;
    server.process.signal(signal);
    if (signal == SIGSTOP || signal == SIGTSTP) server.process.signal(SIGCONT);
    expect_to_serve(server, signal);
    if (kLogged.contains(signal)) {
      EXPECT_TRUE(server.process.wait_for_log(std::string("event=server.signal signal=") +
                                              (signal == SIGHUP ? "Hangup" : "\"User defined signal")))
          << strsignal(signal);
    }
  }
}

TEST(Signals, WhereStandardErrorIsATerminalAHangUpStopsInOrder) {
  OwnServer server(started(Start::kOnATerminal));
  server.process.signal(SIGHUP);
  EXPECT_EQ(server.process.wait(), 0);
  EXPECT_NE(server.process.log().find("event=server.stopped"), std::string::npos) << server.process.log();
}

TEST(Signals, AParentThatIgnoredAndBlockedThemDecidesOnThreeAlone) {
  OwnServer server(started(Start::kIgnoredAndBlocked));
  // As nohup and a shell's background jobs intend it.
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT}) {
    server.process.signal(signal);
    expect_to_serve(server, signal);
  }
  server.process.signal(SIGUSR1);
  EXPECT_TRUE(server.process.wait_for_log("event=server.signal signal=\"User defined signal 1\""));
  EXPECT_EQ(server.process.log().find("Hangup"), std::string::npos) << server.process.log();
  server.process.signal(SIGTERM);
  EXPECT_EQ(server.process.wait(), 0);
  if (kSanitized) return;
  server.process.start_again(started(Start::kIgnoredAndBlocked));
  server.process.signal(SIGSEGV);
  EXPECT_EQ(server.process.wait(), -SIGSEGV);
}

// A file-size limit that the start runs into: the shell's `ulimit -f`.
TEST(Signals, AFileThatMayNotGrowIsAnErrorOfTheCommandToo) {
  const TemporaryDirectory directory;
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{8192, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const Finished added =
      run_latchkey(directory / "data", {"user", "add", "bob", "--password-stdin"}, "password\n");
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_GT(added.status, 0) << added.errors;
  EXPECT_FALSE(added.errors.empty());
}

TEST(Descriptors, NoFileOfTheServerBecomesAStandardOneAndNothingElseIsInherited) {
  if (kSanitized) GTEST_SKIP() << "the sanitizers may have files of their own";
  OwnServer server(started(Start::kWithoutStandard));
  const std::filesystem::path descriptors = "/proc/" + std::to_string(server.process.pid()) + "/fd";
  EXPECT_EQ(std::filesystem::read_symlink(descriptors / "0"), "/dev/null");
  EXPECT_EQ(std::filesystem::read_symlink(descriptors / "1"), "/dev/null");
  EXPECT_FALSE(std::filesystem::exists(
      std::filesystem::symlink_status(descriptors / std::to_string(kInheritedSocket))));
}

}  // namespace
}  // namespace latchkey::test
