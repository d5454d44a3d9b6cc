// kill -9 at any moment, its start and its stop included: after the next start every login that was answered
// admits, every deletion that was answered refuses with its reason, no token ends before what was promised or
// later than a tenth of its timeout after, and the database is sound.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <thread>

#include "crash/crash_run.h"
#include "crash/plan.h"

namespace latchkey::test {
namespace {

/// Rounds that one data directory lives for, and then another is begun: the first start has crashes too.
constexpr int kRoundsOfALife = 20;
constexpr std::uint64_t kMostAnswers = 80;

void sleep_some(std::uint64_t microseconds) {
  std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
}

enum class Moment { kAtWork, kAtStart, kAtStop };

Moment choose_moment(CrashRun& run) {
  const std::uint64_t dice = run.below(20);
  if (dice < 3) return Moment::kAtStart;
  return dice < 6 ? Moment::kAtStop : Moment::kAtWork;
}

void kill_at_start(CrashRun& run) {
  run.victim().spawn();
  sleep_some(run.below(60'000));
  run.victim().kill();
  const Ended ended = run.wait();
  EXPECT_EQ(ended.status, -SIGKILL) << run.victim().log();
  run.settle(ended);
}

void kill_among_requests(CrashRun& run, Moment moment) {
  run.victim().start();
  run.verify();
  const int answers = static_cast<int>(1 + run.below(kMostAnswers));
  const std::uint64_t wait_us = run.below(3'000);
  const std::uint64_t stop_us = run.below(15'000);
  const Ended ended = run.work([&](Shift& shift) {
    shift.answers.wait_for(answers);
    sleep_some(wait_us);
    shift.may_end = true;
    if (moment == Moment::kAtStop) {
      run.victim().terminate();
      sleep_some(stop_us);
    }
    run.victim().kill();
  });
  const bool stopped = moment == Moment::kAtStop && ended.status == 0;
  EXPECT_TRUE(stopped || ended.status == -SIGKILL) << ended.status << "\n" << run.victim().log();
  run.settle(ended);
}

/// One life of a data directory. Its last start looks at everything, and its last stop is in order.
std::int64_t live_and_be_killed(const CrashRunOptions& options, int rounds) {
  CrashRun run(options);
  for (std::uint64_t early = run.below(3); early > 0; --early) kill_at_start(run);
  run.begin();
  run.victim().kill();
  run.settle(run.wait());
  for (int round = 0; round < rounds && !::testing::Test::HasFailure(); ++round) {
    const Moment moment = choose_moment(run);
    if (moment == Moment::kAtStart) {
      kill_at_start(run);
    } else {
      kill_among_requests(run, moment);
    }
  }
  run.victim().start();
  run.verify(true);
  run.victim().terminate();
  const Ended ended = run.wait();
  EXPECT_EQ(ended.status, 0) << run.victim().log();
  EXPECT_TRUE(run.settle(ended).ended_in_order);
  return run.uses_taken_back();
}

TEST(Kill, AtAnyMomentLosesNothingThatWasAnswered) {
  const CrashPlan& plan = crash_plan();
  std::int64_t taken_back = 0;
  for (int done = 0; done < plan.rounds && !HasFailure(); done += kRoundsOfALife) {
    SCOPED_TRACE("--rounds=" + std::to_string(plan.rounds) + " --seed=" + std::to_string(plan.seed) +
                 ", life " + std::to_string(done / kRoundsOfALife));
    CrashRunOptions options;
    options.seed = plan.seed + static_cast<std::uint64_t>(done);
    // Every second life is so short of time that tokens end in the middle of it.
    options.timeout_s = done / kRoundsOfALife % 2 == 0 ? 20 : 2;
    taken_back += live_and_be_killed(options, std::min(kRoundsOfALife, plan.rounds - done));
  }
  std::printf("crash: %lld uses of the last moments before a crash were taken back by it\n",
              static_cast<long long>(taken_back));
}

}  // namespace
}  // namespace latchkey::test
