// A disk that fails under the server: the power goes and writes are torn or lost, writes are refused, the
// disk is full, or a sync fails. Nothing that was answered is lost. While the disk refuses writes, so does
// the server, and checks go on. After a failed sync the server ends, and the next start checks the database.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <string>

#include "crash/crash_run.h"
#include "crash/failing_disk.h"
#include "crash/plan.h"
#include "server/server.h"

namespace latchkey::test {
namespace {

/// Rounds of kill -9 per round of these.
constexpr int kShare = 4;
/// The most disk operations that a fault may let pass: some ten commits.
constexpr std::uint64_t kMostPassing = 120;

std::int64_t monotonic_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec;
}

class WriteFaults : public ::testing::Test {
 protected:
  WriteFaults() : disk_(scratch_ / "disk") {
    CrashRunOptions options;
    options.seed = crash_plan().seed;
    options.environment = disk_.environment();
    run_ = std::make_unique<CrashRun>(options);
    disk_.choose_by(options.seed);
    run_->begin();
    end_by_kill();
  }

  /// A quarter of what all write faults together have.
  static int rounds() { return std::max(1, crash_plan().rounds / kShare / 5); }

  void start() {
    disk_.choose_by(run_->below(1'000'000'000));
    run_->victim().start();
    run_->verify();
  }

  void end_by_kill() {
    run_->victim().kill();
    run_->settle(run_->wait());
  }

  void verify_all_and_stop() {
    run_->victim().start();
    run_->verify(true);
    run_->victim().terminate();
    const Ended ended = run_->wait();
    EXPECT_EQ(ended.status, 0) << run_->victim().log();
    run_->settle(ended);
  }

  /// Has the disk end the server within one of its writes or syncs.
  void end_by(DiskFault fault) {
    const Ended ended = run_->work([&](Shift& shift) {
      shift.may_end = true;
      disk_.fail(fault, static_cast<std::int64_t>(run_->below(kMostPassing)));
    });
    EXPECT_EQ(ended.status, kCutStatus) << run_->victim().log();
    disk_.heal();
    run_->settle(ended);
  }

  /// The same during a start, in which fewer operations pass.
  void end_start_by(DiskFault fault) {
    disk_.choose_by(run_->below(1'000'000'000));
    disk_.fail(fault, static_cast<std::int64_t>(run_->below(12)));
    run_->victim().spawn();
    if (run_->victim().comes_up()) run_->victim().kill();
    const Ended ended = run_->wait();
    EXPECT_TRUE(ended.status == kCutStatus || ended.status == -SIGKILL) << run_->victim().log();
    disk_.heal();
    run_->settle(ended);
  }

  void refuse_and_heal(DiskFault fault);

  TemporaryDirectory scratch_;
  FailingDisk disk_;
  std::unique_ptr<CrashRun> run_;
};

TEST_F(WriteFaults, APowerCutThatLosesAnyPartOfWhatWasNotSyncedLosesNothingThatWasAnswered) {
  for (int round = 0; round < 2 * rounds() && !HasFailure(); ++round) {
    if (round % 4 == 3) {
      end_start_by(DiskFault::kPowerCut);
      continue;
    }
    start();
    end_by(DiskFault::kPowerCut);
  }
  verify_all_and_stop();
}

TEST_F(WriteFaults, AWriteTornAtTheKillLosesNothingThatWasAnswered) {
  for (int round = 0; round < rounds() && !HasFailure(); ++round) {
    if (round % 4 == 3) {
      end_start_by(DiskFault::kTornWrite);
      continue;
    }
    start();
    end_by(DiskFault::kTornWrite);
  }
  verify_all_and_stop();
}

/// Waits until a login gets this status.
void expect_login_to_become(int status, std::uint16_t port) {
  HttpClient client(port);
  const auto end = std::chrono::steady_clock::now() + kPatience;
  int number = 0;
  Response response;
  do {
    response = log_in(client, "waits " + std::to_string(++number));
    if (response.status == 503) expect_unavailable(response);
  } while (response.status != status && std::chrono::steady_clock::now() < end);
  EXPECT_EQ(response.status, status) << response.body;
}

void WriteFaults::refuse_and_heal(DiskFault fault) {
  start();
  Shift before;
  run_->work_on(static_cast<int>(run_->below(10)), before);
  disk_.fail(fault, static_cast<std::int64_t>(run_->below(20)));
  Shift refused;
  refused.may_refuse = true;
  run_->work_on(10, refused);
  expect_login_to_become(503, run_->victim().port());
  Shift full;
  full.may_refuse = true;
  run_->work_on(10, full);
  EXPECT_GT(disk_.failed(), 0U);
  disk_.heal();
  expect_login_to_become(200, run_->victim().port());
  // A refused deletion is answered as done when it is requested again.
  Shift healed;
  run_->work_on(20, healed);
  end_by_kill();
}

TEST_F(WriteFaults, ARefusedWriteRefusesLoginsAndDeletionsAloneAndHealsByItself) {
  for (int round = 0; round < rounds() && !HasFailure(); ++round) refuse_and_heal(DiskFault::kRefusedWrites);
  verify_all_and_stop();
}

TEST_F(WriteFaults, AFullDiskRefusesLoginsAndDeletionsAloneAndHealsByItself) {
  for (int round = 0; round < rounds() && !HasFailure(); ++round) refuse_and_heal(DiskFault::kFullDisk);
  verify_all_and_stop();
}

/// Where a sync fails: in a commit, at the start, or at an orderly stop.
enum class SyncOf { kCommit, kStart, kStop };

class FailedSync : public WriteFaults {
 protected:
  /// Returns how the server ended.
  Ended fail_sync(SyncOf of) {
    if (of == SyncOf::kStart) {
      disk_.fail(DiskFault::kFailedSync, static_cast<std::int64_t>(run_->below(3)));
      run_->victim().spawn();
      return run_->wait();
    }
    start();
    return run_->work([&](Shift& shift) {
      shift.answers.wait_for(static_cast<int>(run_->below(60)));
      shift.may_end = true;
      // The last sync of an orderly stop writes its mark, which only a run without open requests does.
      disk_.fail(DiskFault::kFailedSync,
                 of == SyncOf::kCommit ? 0 : static_cast<std::int64_t>(run_->below(4)));
      if (of == SyncOf::kStop) run_->victim().terminate();
    });
  }
};

TEST_F(FailedSync, EndsTheServerWithNothingAnsweredThatIsLostAndTheNextStartChecksTheDatabase) {
  std::int64_t longest_ns = 0;
  int ended_by_it = 0;
  for (int round = 0; round < rounds() && !HasFailure(); ++round) {
    disk_.choose_by(run_->below(1'000'000'000));
    const SyncOf of = round % 4 == 2 ? SyncOf::kStart : round % 4 == 3 ? SyncOf::kStop : SyncOf::kCommit;
    const Ended ended = fail_sync(of);
    const std::int64_t seen_ns = monotonic_ns();
    const bool has_failed = disk_.failed() > 0;
    EXPECT_TRUE(has_failed || of == SyncOf::kStop);
    disk_.heal();
    run_->settle(ended);
    if (!has_failed) {
      EXPECT_EQ(ended.status, 0) << run_->victim().log();
      continue;
    }
    ++ended_by_it;
    EXPECT_EQ(ended.status, server::kExitFatal) << run_->victim().log();
    EXPECT_NE(run_->victim().log().find("what is on disk cannot be trusted"), std::string::npos)
        << run_->victim().log();
    longest_ns = std::max(longest_ns, seen_ns - disk_.failed_at_ns());
    start();
    EXPECT_TRUE(run_->victim().wait_for_log("event=database.checked")) << run_->victim().log();
    end_by_kill();
    start();
    EXPECT_EQ(run_->victim().log().find("event=database.checked"), std::string::npos) << "once is enough";
    end_by_kill();
  }
  EXPECT_GT(ended_by_it, 0);
  std::printf("crash: %lld ms at most from a failed sync to the end of the process\n",
              static_cast<long long>(longest_ns / 1'000'000));
  verify_all_and_stop();
}

/// The syncs of a stop that has nothing else to write: the mark's, and those that bring the log into the
/// file.
constexpr std::int64_t kSyncsOfAStop = 3;

TEST_F(FailedSync, EndsTheServerInEachSyncOfAStop) {
  for (std::int64_t passing = 0; passing < kSyncsOfAStop; ++passing) {
    SCOPED_TRACE(passing);
    start();
    disk_.fail(DiskFault::kFailedSync, passing);
    run_->victim().terminate();
    const Ended ended = run_->wait();
    EXPECT_GT(disk_.failed(), 0);
    disk_.heal();
    run_->settle(ended);
    EXPECT_EQ(ended.status, server::kExitFatal) << run_->victim().log();
    start();
    EXPECT_TRUE(run_->victim().wait_for_log("event=database.checked")) << run_->victim().log();
    end_by_kill();
  }
  verify_all_and_stop();
}

}  // namespace
}  // namespace latchkey::test
