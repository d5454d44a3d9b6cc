// A full disk: logins and deletions are refused, checks go on, and nothing that was answered is lost. All of
// it recovers when there is room again (the promises of the store).
#include <gtest/gtest.h>

#include <chrono>

#include "support/rig.h"

namespace latchkey::test {
namespace {

void expect_unavailable(const Response& response) {
  EXPECT_EQ(response.status, 503) << response.body;
  EXPECT_TRUE(response.body.starts_with(R"({"detail":")")) << response.body;
  EXPECT_EQ(response.lines("Retry-After"), 1U);
  EXPECT_EQ(response.value("Allow"), "POST, DELETE, OPTIONS");
}

/// Asks until the answer has this status, or patience ends.
void expect_to_become(int status, const std::function<Response()>& ask) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  Response response = ask();
  while (response.status != status && std::chrono::steady_clock::now() < end) response = ask();
  EXPECT_EQ(response.status, status) << response.body;
}

TEST(FullDisk, RefusesLoginsAndDeletionsWhileChecksGoOnAndMendsByItself) {
  ServerOptions options;
  options.cores = 2;
  OwnServer server(options);
  std::string kept;
  std::string ended_late;
  std::string late;
  {
    HttpClient client(server.process.port());
    kept = obtain_token(client, "kept");
    ended_late = obtain_token(client, "ended late");

    server.process.fill_disk();
    expect_unavailable(log_in(client, "late"));
    EXPECT_EQ(use_token(client, kept, "kept").status, 200);
    EXPECT_EQ(obtain_token(client, "kept"), kept) << "this login changes nothing on disk";
    expect_unavailable(end_token(client, ended_late, "ended late"));
    EXPECT_EQ(use_token(client, ended_late, "ended late").status, 401)
        << "refused at once, though not on disk yet";
    expect_unavailable(end_token(client, ended_late, "ended late"));

    server.process.free_disk();
    expect_to_become(200, [&client] { return log_in(client, "late"); });
    late = obtain_token(client, "late");
    // A deletion that could not be written is retried until it is on disk. Only then is it answered as done.
    expect_to_become(204, [&] { return end_token(client, ended_late, "ended late"); });
  }
  server.process.kill();
  server.process.start_again();
  HttpClient client(server.process.port());
  EXPECT_EQ(use_token(client, kept, "kept").status, 200);
  EXPECT_EQ(use_token(client, late, "late").status, 200);
  EXPECT_EQ(refusal_of(use_token(client, ended_late, "ended late")), "Token is expired");
}

TEST(FullDisk, DoesNotKeepTheServerFromStopping) {
  OwnServer server;
  HttpClient client(server.process.port());
  const std::string token = obtain_token(client, "browser");
  server.process.fill_disk();
  expect_unavailable(end_token(client, token, "browser"));
  server.process.terminate();
  // A failure to write is an error when the run ends, not a reason to hang.
  EXPECT_GE(server.process.wait(), 0) << server.process.log();
  EXPECT_NE(server.process.log().find("level=error"), std::string::npos) << server.process.log();
}

}  // namespace
}  // namespace latchkey::test
