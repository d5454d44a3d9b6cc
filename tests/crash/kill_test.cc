// kill -9 at any moment, also during a start or a stop. After the next start every login that was answered
// admits, and every deletion that was answered refuses with its reason. No token ends before its promised
// time, or more than a tenth of its timeout after it. The database is sound.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <thread>

#include "crash/crash_run.h"
#include "crash/disk_image.h"
#include "crash/plan.h"
#include "support/rig.h"

namespace latchkey::test {
namespace {

/// Rounds per data directory. Then another is begun, so that the first start has crashes too.
constexpr int kRoundsPerLife = 20;
constexpr std::uint64_t kMostAnswers = 80;

void sleep_some(std::uint64_t microseconds) {
  std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
}

enum class Moment { kAtAnAnswer, kAtWork, kAtStart, kAtStop };

Moment choose_moment(CrashRun& run) {
  const std::uint64_t dice = run.below(20);
  if (dice < 3) return Moment::kAtStart;
  if (dice < 6) return Moment::kAtStop;
  return dice < 12 ? Moment::kAtAnAnswer : Moment::kAtWork;
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
    if (moment == Moment::kAtAnAnswer) {
      shift.in_the_moment_of_an_answer = [&] {
        shift.may_end = true;
        run.victim().kill();
      };
      shift.answers_to_that_moment = answers;
      return;
    }
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

/// Runs one life of a data directory. Its last start verifies everything, and its last stop is in order.
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
  for (int done = 0; done < plan.rounds && !HasFailure(); done += kRoundsPerLife) {
    SCOPED_TRACE("--rounds=" + std::to_string(plan.rounds) + " --seed=" + std::to_string(plan.seed) +
                 ", life " + std::to_string(done / kRoundsPerLife));
    CrashRunOptions options;
    options.seed = plan.seed + static_cast<std::uint64_t>(done);
    // Every second life has a timeout so short that tokens end in the middle of it.
    options.timeout_s = done / kRoundsPerLife % 2 == 0 ? 6 : 2;
    taken_back += live_and_be_killed(options, std::min(kRoundsPerLife, plan.rounds - done));
  }
  std::printf("crash: %lld uses of the last moments before a crash were taken back by it\n",
              static_cast<long long>(taken_back));
}

/// When the token of this agent will end, by its user's list of tokens; 0 if it is not listed.
std::int64_t listed_end_ms(const ServerProcess& server, const std::string& agent) {
  HttpClient client(server.port());
  const std::string other = obtain_token(client, "another");
  const Response list = use_token(client, other, "another", "/api/v2/me/tokens/");
  simdjson::dom::parser parser;
  for (const simdjson::dom::element live : parser.parse(list.body)["results"]) {
    if (std::string_view(live["agent"]) == agent) return parse_expires(std::string_view(live["expires"]));
  }
  return 0;
}

/// Uses the token until the disk has a later use than the login. Returns the time of that use.
std::int64_t use_until_it_is_written(ServerProcess& server, const std::string& agent) {
  HttpClient client(server.port());
  const std::string token = obtain_token(client, agent);
  const std::int64_t login_ms = last_use_on_disk(server.data(), agent);
  const auto end = std::chrono::steady_clock::now() + kPatience;
  std::int64_t written_ms = login_ms;
  while (written_ms == login_ms && std::chrono::steady_clock::now() < end) {
    EXPECT_EQ(use_token(client, token, agent).status, 200);
    written_ms = last_use_on_disk(server.data(), agent);
  }
  EXPECT_GT(written_ms, login_ms) << "no use was written";
  return written_ms;
}

TEST(Kill, KeepsTheUseOfATokenThatWasWrittenWhileTheServerRan) {
  constexpr std::int64_t kTimeoutMs = 10'000;
  constexpr std::int64_t kStepMs = 1000;
  ServerOptions options;
  options.cores = 2;
  options.flags = {"--token-timeout", "10s"};
  OwnServer server(options);
  const std::string agent = own_agent();
  const std::int64_t written_ms = use_until_it_is_written(server.process, agent);
  const std::int64_t used_ms = now_ms();
  server.process.kill();
  server.process.start_again();
  const std::int64_t end_ms = listed_end_ms(server.process, agent);
  // A token admits for a second longer than its list says.
  EXPECT_GE(end_ms + kStepMs, used_ms + kTimeoutMs) << "uses after the written one are not allowed for";
  EXPECT_GE(end_ms, written_ms + kTimeoutMs);
  EXPECT_LE(end_ms, used_ms + kTimeoutMs + kTimeoutMs / 10);

  // An orderly stop does not know either what the kill lost.
  server.process.start_again();
  EXPECT_GE(listed_end_ms(server.process, agent), end_ms);
}

}  // namespace
}  // namespace latchkey::test
