// Each scenario of latchkey-bench against the real latchkeyd.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "load/bench_run.h"
#include "support/rig.h"

namespace latchkey::test {
namespace {

BenchRun run_scenario(const OwnServer& server, const std::string& scenario, std::vector<std::string> words) {
  words.insert(words.begin(),
               {scenario, "--target", "http://127.0.0.1:" + std::to_string(server.process.port()), "--warmup",
                "0s", "--duration", "400ms"});
  return BenchRun(std::move(words), std::string(kPassword) + "\n");
}

const std::vector<std::string> kAsUser = {"--user", kUser, "--password-stdin"};

std::vector<std::string> as_user(std::vector<std::string> words) {
  words.insert(words.end(), kAsUser.begin(), kAsUser.end());
  return words;
}

void expect_all_admitted(const BenchRun& run) {
  EXPECT_EQ(run.status(), 0) << run.errors();
  EXPECT_EQ(run.count("/errors/total"), 0U);
  EXPECT_EQ(run.count("/statuses/200") + run.count("/statuses/204"), run.count("/requests"));
}

std::size_t live_tokens(const OwnServer& server) {
  const Finished listed = run_latchkey(server.process.data(), {"token", "list", kUser, "--json"});
  EXPECT_EQ(listed.status, 0) << listed.errors;
  std::size_t tokens = 0;
  for (std::size_t at = 0; (at = listed.output.find("\"last_used\"", at)) != std::string::npos; ++at)
    ++tokens;
  return tokens;
}

TEST(Scenario, CheckLogsInAndChecks) {
  const OwnServer server;
  const BenchRun run = run_scenario(server, "check", as_user({"-c", "4", "--pipeline", "4"}));
  expect_all_admitted(run);
  EXPECT_GT(run.count("/latency_us_by_kind/check/count"), 0U);
  EXPECT_EQ(live_tokens(server), 1U);
}

TEST(Scenario, MayHaveMoreConnectionsOverLoopbackThanAClientFromElsewhere) {
  const OwnServer server({.cores = 2, .flags = {"--connections-by-address", "2"}});
  const BenchRun run = run_scenario(server, "check", as_user({"-c", "16"}));
  expect_all_admitted(run);
}

TEST(Scenario, CheckOverAUnixSocketComesFromTheClientThatItsHeaderNames) {
  const OwnServer server(
      {.cores = 2, .flags = {"--listen", "127.0.0.1:0", "--listen", "unix:DIRECTORY/http.sock"}});
  const std::vector<std::string> by_socket = {"-c", "4", "--unix", server.process.socket("http.sock")};
  const auto with = [&by_socket](std::vector<std::string> words) {
    words.insert(words.end(), by_socket.begin(), by_socket.end());
    return as_user(std::move(words));
  };
  const BenchRun run = run_scenario(server, "check", with({"-H", "X-Forwarded-For: 203.0.113.7"}));
  expect_all_admitted(run);
  EXPECT_EQ(run.count("/connections/opened"), 4U);
  EXPECT_EQ(live_tokens(server), 1U);
  const Finished listed = run_latchkey(server.process.data(), {"token", "list", kUser});
  EXPECT_NE(listed.output.find("203.0.113.7"), std::string::npos) << listed.output;

  // A peer at a Unix socket names its client, or is refused.
  const BenchRun nameless = run_scenario(server, "check", with({}));
  EXPECT_EQ(nameless.status(), 1);
  EXPECT_NE(nameless.errors().find("was answered with 400"), std::string::npos) << nameless.errors();
}

TEST(Scenario, CheckTakesATokenAndCountsItsRefusal) {
  const OwnServer server;
  const BenchRun run =
      run_scenario(server, "check", {"-c", "2", "--token", std::string(40, 'a'), "--assert", "errors=0"});
  EXPECT_EQ(run.status(), 1);
  EXPECT_GT(run.count("/statuses/401"), 0U);
  EXPECT_EQ(run.count("/statuses/401"), run.count("/errors/total"));
}

TEST(Scenario, CheckShowsTheTokensOfAFileByTurns) {
  const OwnServer server;
  HttpClient client(server.process.port());
  const std::string path = server.process.data() / "tokens";
  std::ofstream(path) << obtain_token(client, "latchkey-bench") << "\n" << std::string(40, 'a') << "\n";
  const BenchRun run = run_scenario(server, "check", {"-c", "1", "--token-file", path});
  const std::uint64_t admitted = run.count("/statuses/200");
  EXPECT_GT(admitted, 1U);
  EXPECT_LE(admitted - run.count("/statuses/401"), 1U);
}

TEST(Scenario, CheckWithAWrongPasswordSaysWhatTheServerSaid) {
  const OwnServer server;
  const Finished run =
      run_bench({"check", "--target", "http://127.0.0.1:" + std::to_string(server.process.port()), "--user",
                 kUser, "--password-stdin"},
                "wrong\n");
  EXPECT_EQ(run.status, 1);
  EXPECT_EQ(run.errors, "latchkey-bench: the login of 'alice' was answered with 400: " +
                            std::string(kUnableToLogIn) + "\n");
}

TEST(Scenario, LoginObtainsATokenFromEachConnection) {
  const OwnServer server;
  const BenchRun run = run_scenario(server, "login", as_user({"-c", "3"}));
  expect_all_admitted(run);
  EXPECT_GE(run.count("/latency_us_by_kind/login/count"), 3U);
  EXPECT_EQ(live_tokens(server), 3U);
}

TEST(Scenario, MixedHasItsShareOfLogins) {
  const OwnServer server;
  const BenchRun run =
      run_scenario(server, "mixed", as_user({"-c", "4", "--rate", "200", "--login-share", "0.25"}));
  expect_all_admitted(run);
  const std::uint64_t checks = run.count("/latency_us_by_kind/check/count");
  const std::uint64_t logins = run.count("/latency_us_by_kind/login/count");
  EXPECT_EQ(checks + logins, 80U);
  // Each connection may be off its share by one request.
  EXPECT_GE(logins, 16U);
  EXPECT_LE(logins, 24U);
}

TEST(Scenario, ChurnDeletesWhatItObtained) {
  const OwnServer server;
  const BenchRun run = run_scenario(server, "churn", as_user({"-c", "3", "--checks", "4"}));
  expect_all_admitted(run);
  const std::uint64_t logins = run.count("/latency_us_by_kind/login/count");
  const std::uint64_t checks = run.count("/latency_us_by_kind/check/count");
  const std::uint64_t deletions = run.count("/latency_us_by_kind/deletion/count");
  EXPECT_GT(deletions, 0U);
  EXPECT_EQ(deletions, run.count("/statuses/204"));
  EXPECT_GE(checks, 4 * deletions);
  EXPECT_LE(checks, 4 * logins);
  // Tokens whose deletion was cut off by the end of the run remain.
  EXPECT_EQ(live_tokens(server), logins - deletions);
}

TEST(Scenario, IdleHoldsItsConnections) {
  const OwnServer server;
  const BenchRun run = run_scenario(server, "idle", {"-c", "100"});
  EXPECT_EQ(run.status(), 0) << run.errors();
  EXPECT_EQ(run.count("/connections/opened"), 100U);
  EXPECT_EQ(run.count("/connections/open_at_end"), 100U);
  EXPECT_EQ(run.count("/connections/ended_by_server"), 0U);
  EXPECT_EQ(run.count("/latency_us_by_kind/connect/count"), 100U);
}

TEST(Scenario, IdleCountsTheConnectionsThatTheServerEnds) {
  ServerOptions options;
  options.flags = {"--connections", "30"};
  const OwnServer server(options);
  const BenchRun run = run_scenario(server, "idle", {"-c", "100", "-t", "2"});
  EXPECT_EQ(run.count("/connections/opened"), 100U);
  EXPECT_EQ(run.count("/connections/open_at_end") + run.count("/connections/ended_by_server"), 100U);
  EXPECT_EQ(run.count("/connections/open_at_end"), 30U);
}

TEST(Scenario, SlowSendsWholeRequestsByteByByte) {
  const OwnServer server;
  // A check has some 150 bytes.
  const BenchRun run =
      run_scenario(server, "slow", as_user({"-c", "5", "--interval", "100us", "--assert", "max>0ns"}));
  expect_all_admitted(run);
  EXPECT_EQ(run.count("/connections/opened"), 5U);
}

}  // namespace
}  // namespace latchkey::test
