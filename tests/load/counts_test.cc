// The counts of latchkey-bench, compared with a server that counts for itself.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "load/bench_run.h"
#include "load/responder.h"
#include "support/temporary_directory.h"

namespace latchkey::test {
namespace {

// Without a warm-up, so that the server too counts nothing but the run.
std::vector<std::string> short_run(const Responder& server, std::vector<std::string> words) {
  words.insert(words.begin(), {server.url(), "--warmup", "0s", "--duration", "300ms"});
  return words;
}

void expect_all_answered(const BenchRun& run, const Responder& server) {
  EXPECT_EQ(run.status(), 0) << run.errors();
  EXPECT_GT(run.count("/requests"), 0U);
  EXPECT_EQ(run.count("/requests"), server.answered());
  EXPECT_EQ(run.count("/statuses/200"), server.answered());
  EXPECT_EQ(run.count("/latency_us/count"), server.answered());
  EXPECT_EQ(run.count("/errors/total"), 0U);
  // Standard error is for terminals only.
  EXPECT_EQ(run.errors(), "");
}

TEST(Bench, CountsInTheClosedLoopWhatTheServerAnswered) {
  const Responder server;
  const BenchRun run(short_run(server, {"-c", "8"}));
  expect_all_answered(run, server);
  EXPECT_EQ(run.count("/connections/opened"), 8U);
}

TEST(Bench, CountsPipelinedRequestsOfSeveralThreadsToo) {
  const Responder server;
  const BenchRun run(short_run(server, {"-c", "5", "-t", "2", "--pipeline", "16"}));
  expect_all_answered(run, server);
  EXPECT_EQ(run.count("/connections/opened"), 5U);
}

TEST(Bench, SendsInTheOpenLoopAsManyRequestsAsAreDue) {
  const Responder server;
  const BenchRun run(short_run(server, {"-c", "4", "-t", "2", "--rate", "1000"}));
  expect_all_answered(run, server);
  EXPECT_EQ(run.count("/requests"), 300U);
}

TEST(Bench, ChargesAStallWithAllTheRequestsThatItHeldBack) {
  // Of 100 requests on one connection, due 5 ms apart, half are due in the first 250 ms. Each of those waits
  // for the rest of the 300 ms after which the first is answered.
  ResponderOptions options;
  options.first_delay_ms = 300;
  const Responder server(options);
  const BenchRun run({server.url(), "--warmup", "0s", "--duration", "500ms", "-c", "1", "--rate", "200"});
  expect_all_answered(run, server);
  EXPECT_EQ(run.count("/requests"), 100U);
  EXPECT_GE(run.number("/latency_us/p50"), 50'000);
}

TEST(Bench, CountsWhatIsNeverAnsweredAsErrorsWithTheTimeThatWasWaited) {
  ResponderOptions options;
  options.answer.clear();
  const Responder server(options);
  const BenchRun run(short_run(server, {"-c", "1", "--rate", "100", "--timeout", "200ms", "--assert",
                                        "errors=30", "--assert", "p50>=100ms"}));
  EXPECT_EQ(run.status(), 0) << run.errors();
  EXPECT_EQ(run.count("/requests"), 30U);
  EXPECT_EQ(run.count("/answers"), 0U);
  EXPECT_EQ(run.count("/errors/timeout") + run.count("/errors/unsent"), 30U);
  EXPECT_GT(run.count("/errors/timeout"), 0U);
}

TEST(Bench, ConnectsAgainToAServerThatClosesAfterEachAnswer) {
  ResponderOptions options;
  options.answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
  options.closes_after_answer = true;
  const Responder server(options);
  const BenchRun run(short_run(server, {"-c", "4"}));
  expect_all_answered(run, server);
  EXPECT_GE(server.accepted(), server.answered());
}

TEST(Bench, CountsErrorStatusesAndClosedConnectionsAsErrors) {
  ResponderOptions options;
  options.answer = "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n";
  options.closes_after_answer = true;
  const Responder server(options);
  const BenchRun run(short_run(server, {"-c", "2", "--pipeline", "3", "--assert", "errors=0"}));
  EXPECT_EQ(run.status(), 1);
  EXPECT_EQ(run.count("/statuses/500"), server.answered());
  EXPECT_GT(run.count("/errors/closed") + run.count("/errors/reset"), 0U);
  EXPECT_EQ(run.count("/errors/total"), run.count("/requests"));
}

TEST(Bench, SaysOfAnAnswerWhyItWasNotRead) {
  ResponderOptions options;
  options.answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
  const Responder server(options);
  const Finished run = run_bench(short_run(server, {"-c", "1"}));
  EXPECT_EQ(run.status, 0) << run.errors;
  EXPECT_NE(run.output.find("an answer was refused: the answer has Transfer-Encoding"), std::string::npos)
      << run.output;
}

TEST(Bench, EndsWithOneAndASentenceWhenAnAssertionDoesNotHold) {
  const Responder server;
  const BenchRun run(short_run(server, {"-c", "1", "--assert", "p99<1ns", "--assert", "rps>0.5"}));
  EXPECT_EQ(run.status(), 1);
  EXPECT_TRUE(run.errors().starts_with("latchkey-bench: asserted p99<1ns, but measured ")) << run.errors();
  EXPECT_EQ(run.errors().find("rps"), std::string::npos) << run.errors();
}

TEST(Bench, EndsWithOneAndASentenceWhereNobodyListens) {
  std::string url;
  {
    const Responder gone;
    url = gone.url();
  }
  const Finished run = run_bench({url});
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(run.errors.starts_with("latchkey-bench: cannot connect to 127.0.0.1:")) << run.errors;
  EXPECT_NE(run.errors.find("Connection refused"), std::string::npos) << run.errors;
}

TEST(Bench, CountsOverAUnixSocketWhatTheServerAnswered) {
  const TemporaryDirectory directory;
  ResponderOptions options;
  options.unix_path = directory / "socket";
  const Responder server(options);
  const BenchRun run(
      short_run(server, {"-c", "5", "-t", "2", "--pipeline", "4", "--unix", options.unix_path}));
  expect_all_answered(run, server);
  EXPECT_EQ(run.count("/connections/opened"), 5U);
}

TEST(Bench, SaysAtWhichUnixSocketNobodyListens) {
  const TemporaryDirectory directory;
  const std::string path = directory / "socket";
  // At the port of its URL there is a server. Nobody asks it.
  const Responder server;
  const Finished run = run_bench({server.url(), "--unix", path});
  EXPECT_EQ(run.status, 1);
  EXPECT_NE(run.errors.find("cannot connect to unix:" + path + ": No such file"), std::string::npos)
      << run.errors;
  EXPECT_EQ(server.accepted(), 0U);
  const Finished too_long = run_bench({server.url(), "--unix", "/" + std::string(107, 'a')});
  EXPECT_EQ(too_long.status, 2);
  EXPECT_NE(too_long.errors.find("--unix: a socket's path has at most 107 bytes"), std::string::npos)
      << too_long.errors;
}

TEST(Bench, EndsWithTwoWhereItIsUsedWrongly) {
  EXPECT_EQ(run_bench({"--assert", "p99<2ms"}).status, 2);
  EXPECT_EQ(run_bench({"nonsense"}).status, 2);
}

TEST(Bench, WritesAPageThatNeedsNothingFromElsewhere) {
  const Responder server;
  const TemporaryDirectory directory;
  const std::string path = directory / "page.html";
  const Finished run = run_bench(short_run(server, {"-c", "2", "--html", path}));
  EXPECT_EQ(run.status, 0) << run.errors;
  EXPECT_NE(run.output.find("p99.9"), std::string::npos) << run.output;
  std::ostringstream page;
  page << std::ifstream(path).rdbuf();
  EXPECT_NE(page.str().find("<polyline"), std::string::npos);
  EXPECT_TRUE(page.str().ends_with("</html>\n"));
  for (const char* const forbidden : {"<script", "src=", "href=", "url(", "nan", "inf"}) {
    EXPECT_EQ(page.str().find(forbidden), std::string::npos) << forbidden;
  }
}

TEST(Bench, SaysWhereAReportCannotBeWritten) {
  const Responder server;
  const Finished run = run_bench(short_run(server, {"-c", "1", "--json", "/nowhere/results.json"}));
  EXPECT_EQ(run.status, 1);
  EXPECT_EQ(run.errors, "latchkey-bench: cannot write /nowhere/results.json: No such file or directory\n");
}

}  // namespace
}  // namespace latchkey::test
