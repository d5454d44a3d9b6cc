// What the log keeps under a flood and when nobody reads it, and what happens to the rest (P-14).
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "support/rig.h"

namespace latchkey::test {
namespace {

/// More events than any bound below it allows: the log's rooms, and what a pipe holds.
constexpr std::size_t kMoreThanTheRoom = 4000;

std::vector<std::string> lines_of(const std::string& log, std::string_view event) {
  std::vector<std::string> found;
  for (std::size_t at = 0; at < log.size();) {
    const std::size_t end = std::min(log.find('\n', at), log.size());
    const std::string line = log.substr(at, end - at);
    const std::string name = " event=" + std::string(event);
    const std::size_t place = line.find(name);
    const std::size_t behind = place + name.size();
    if (place != std::string::npos && (behind == line.size() || line[behind] == ' ')) found.push_back(line);
    at = end + 1;
  }
  return found;
}

std::uint64_t number_behind(const std::string& line, std::string_view key) {
  const std::size_t at = line.find(key);
  return at == std::string::npos ? 0 : std::stoull(line.substr(at + key.size()));
}

/// How many events a log accounts for: those with a line, and those that it reports as left out.
std::uint64_t told_of(const std::string& log, const std::string& event) {
  std::uint64_t told = 0;
  for (const std::string& line : lines_of(log, event)) told += 1 + number_behind(line, " more=");
  for (const std::string& line : lines_of(log, "log.left_out")) {
    if (line.find(" of=" + event + " ") != std::string::npos) told += number_behind(line, " lines=");
  }
  return told;
}

/// Sends malformed logins, many in one write: the cheapest possible flood.
void flood(HttpClient& client, int count) {
  constexpr int kInOneWrite = 100;
  const std::string one = request_bytes("POST", kTokenPath, {{"Content-Type", kJsonType}}, "{");
  for (int sent = 0; sent < count; sent += kInOneWrite) {
    std::string bytes;
    for (int i = 0; i < kInOneWrite; ++i) bytes += one;
    client.send(bytes);
    for (int i = 0; i < kInOneWrite; ++i) ASSERT_EQ(client.receive().status, 400);
  }
}

class UnreadLog : public ::testing::Test {
 protected:
  /// Stops reading the log, and logs in until it has no room for another login.
  Response fill() {
    server_.process.hold_log();
    for (; answered_ < kMoreThanTheRoom; ++answered_) {
      Response response = log_in(client_, "filler");
      if (response.status != 200) return response;
    }
    ADD_FAILURE() << "the log has room without a bound";
    return {};
  }
  Finished latchkey(const std::vector<std::string>& words, std::string input = {}) {
    return run_latchkey(server_.process.data(), words, std::move(input));
  }

  OwnServer server_;
  HttpClient client_{server_.process.port()};
  const std::string token_ = obtain_token(client_, "browser");
  std::size_t answered_ = 0;  ///< logins by `fill` that succeeded
};

TEST_F(UnreadLog, KeepsTheLineOfEveryLoginThroughAFloodOfWhatCostsNothing) {
  constexpr int kRounds = 50;
  constexpr int kFreePerRound = 200;
  server_.process.hold_log();
  HttpClient stranger(server_.process.port(), "127.0.0.2");
  for (int i = 0; i < kRounds; ++i) {
    flood(stranger, kFreePerRound);
    ASSERT_EQ(log_in(client_, "agent-" + std::to_string(i)).status, 200);
  }
  server_.process.read_log();
  ASSERT_EQ(server_.process.stop(), 0);
  const std::string log = server_.process.log();
  EXPECT_EQ(lines_of(log, "login.new").size(), kRounds + 1U);
  EXPECT_LT(lines_of(log, "login.invalid").size(), 1000U) << "it is not limited";
  EXPECT_EQ(told_of(log, "login.invalid"), static_cast<std::uint64_t>(kRounds * kFreePerRound));
  EXPECT_TRUE(lines_of(log, "log.dropped").empty());
}

TEST_F(UnreadLog, RefusesALoginThatItCouldNotTellOfAndLosesNoneThatWasAnswered) {
  const Response refused = fill();
  EXPECT_EQ(refused.status, 503);
  EXPECT_TRUE(refused.header("Retry-After").has_value());
  EXPECT_EQ(refused.body, detail("The server is busy. Try again in a moment."));
  EXPECT_EQ(log_in(client_, "another", kUser, "wrong").status, 400);
  server_.process.read_log();
  ASSERT_TRUE(server_.process.wait_for_log("event=login.refused"));
  EXPECT_EQ(log_in(client_, "another").status, 200) << "it does not heal";
  ASSERT_EQ(server_.process.stop(), 0);
  const std::string log = server_.process.log();
  EXPECT_EQ(lines_of(log, "login.new").size() + lines_of(log, "login.again").size(), 1 + answered_ + 1);
}

TEST_F(UnreadLog, HoldsUpNeitherChecksNorDeletions) {
  ASSERT_EQ(fill().status, 503);
  EXPECT_EQ(use_token(client_, token_, "browser").status, 200);
  EXPECT_EQ(end_token(client_, token_, "browser").status, 204);
  EXPECT_EQ(use_token(client_, token_, "browser").status, 401);
  server_.process.read_log();
  ASSERT_EQ(server_.process.stop(), 0);
  const std::string log = server_.process.log();
  std::uint64_t lost = 0;
  for (const std::string& line : lines_of(log, "log.dropped")) lost += number_behind(line, " lines=");
  EXPECT_EQ(lines_of(log, "logout").size() + lost, 1U) << "neither told nor counted";
}

TEST_F(UnreadLog, LetsAnAdministratorTakeAccessAwayAndNotGiveIt) {
  ASSERT_EQ(fill().status, 503);
  const Finished added = latchkey({"user", "add", "bob", "--password-stdin"}, "some password\n");
  EXPECT_EQ(added.status, 1);
  EXPECT_NE(added.errors.find("standard error"), std::string::npos) << added.errors;
  EXPECT_EQ(latchkey({"user", "passwd", kUser, "--password-stdin"}, "some password\n").status, 1);
  EXPECT_EQ(use_token(client_, token_, "browser").status, 200);
  EXPECT_EQ(latchkey({"user", "disable", kUser}).status, 0);
  EXPECT_EQ(use_token(client_, token_, "browser").status, 401);
  EXPECT_EQ(latchkey({"user", "enable", kUser}).status, 1);
  EXPECT_EQ(latchkey({"user", "delete", kUser}).status, 0);
}

TEST_F(UnreadLog, RefusesANewPasswordThatItCouldNotTellOf) {
  ASSERT_EQ(fill().status, 503);
  const HeaderLines headers = {
      {"Authorization", "Token " + token_}, {"User-Agent", "browser"}, {"Content-Type", kJsonType}};
  const std::string body =
      std::string(R"({"current_password":")") + kPassword + R"(","new_password":"another pass"})";
  const Response refused = client_.request("POST", "/api/v2/me/password/", headers, body);
  EXPECT_EQ(refused.status, 503);
  EXPECT_TRUE(refused.header("Retry-After").has_value());
  server_.process.read_log();
  ASSERT_EQ(server_.process.stop(), 0);
  EXPECT_TRUE(lines_of(server_.process.log(), "password.changed").empty());
}

TEST_F(UnreadLog, DoesNotKeepTheServerFromEnding) {
  ASSERT_EQ(fill().status, 503);
  server_.process.terminate();
  EXPECT_EQ(server_.process.wait(), 0);
}

TEST_F(UnreadLog, KeepsNobodyWaitingForAReaderThatHasGone) {
  server_.process.close_log();
  for (std::size_t i = 0; i < kMoreThanTheRoom / 2; ++i)
    ASSERT_EQ(log_in(client_, "browser").status, 200) << i;
  EXPECT_EQ(server_.process.stop(), 0);
}

TEST(LogOfNames, HasAUsersNameAndOfAnyOtherOnlyAHash) {
  OwnServer server;
  HttpClient client(server.process.port());
  EXPECT_EQ(log_in(client, "a", kUser, "wrong").status, 400);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(log_in(client, "a", "hunter2 in the wrong field", "x").status, 400);
  EXPECT_EQ(log_in(client, "a", "someone else", "x").status, 400);
  // The credentials are `someone else:x`.
  EXPECT_EQ(client.request("GET", kMePath, {{"Authorization", "Basic c29tZW9uZSBlbHNlOng="}}).status, 401);
  ASSERT_EQ(server.process.stop(), 0);
  const std::string log = server.process.log();
  EXPECT_EQ(log.find("hunter2"), std::string::npos);
  EXPECT_EQ(log.find("someone"), std::string::npos);
  const std::vector<std::string> refused = lines_of(log, "login.refused");
  ASSERT_EQ(refused.size(), 4U);
  EXPECT_TRUE(refused[0].ends_with(" address=127.0.0.1 log=audit user=alice")) << refused[0];
  const auto hash_of = [](const std::string& line) {
    const std::size_t at = line.find(" address=127.0.0.1 log=audit unknown_user=");
    return at == std::string::npos ? line : line.substr(at);
  };
  EXPECT_EQ(hash_of(refused[1]), hash_of(refused[2])) << "the same name cannot be counted";
  EXPECT_NE(hash_of(refused[1]), hash_of(refused[3]));
  const std::vector<std::string> basic = lines_of(log, "basic.refused");
  ASSERT_EQ(basic.size(), 1U);
  EXPECT_EQ(hash_of(basic[0]), hash_of(refused[3])) << "one hash for one name, whichever way it came";
}

TEST(LogOfNames, AThrottledNameIsAHashToo) {
  ServerOptions options;
  options.throttle = true;
  options.flags = {"--login-failures-by-user", "1", "--login-failures-by-address", "0"};
  OwnServer server(options);
  HttpClient client(server.process.port());
  EXPECT_EQ(log_in(client, "a", "hunter2", "x").status, 400);
  EXPECT_EQ(log_in(client, "a", "hunter2", "x").status, 429);
  ASSERT_EQ(server.process.stop(), 0);
  EXPECT_EQ(server.process.log().find("hunter2"), std::string::npos);
  EXPECT_EQ(lines_of(server.process.log(), "login.throttled").size(), 1U);
}

}  // namespace
}  // namespace latchkey::test
