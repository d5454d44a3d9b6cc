// Groups and details of users: what applications are told of them, and when a change holds (S-11).
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "guarded_server.h"
#include "support/rig.h"
#include "throttled_server.h"

namespace latchkey::test {
namespace {

constexpr unsigned kCores = 4;

ServerOptions several_cores() {
  ServerOptions options;
  options.cores = kCores;
  return options;
}

class S11 : public ::testing::Test {
 protected:
  Finished run(const std::vector<std::string>& words) { return run_latchkey(server_.data(), words); }
  void change(const std::vector<std::string>& words) {
    const Finished done = run(words);
    EXPECT_EQ(done.status, 0) << done.errors;
  }
  /// What every one of many connections, which the kernel spreads over the cores, is told.
  void expect_everywhere(const std::string& token, const std::string& agent, const std::string& groups) {
    for (unsigned i = 0; i < 8 * kCores; ++i) {
      HttpClient client(server_.port());
      const Response admitted = use_token(client, token, agent);
      ASSERT_EQ(admitted.status, 200);
      ASSERT_EQ(admitted.value("Remote-Groups"), groups);
      ASSERT_EQ(admitted.lines("Remote-Groups"), 1U);
    }
  }

  OwnServer own_{several_cores()};
  ServerProcess& server_ = own_.process;
  HttpClient client_{server_.port()};
};

TEST_F(S11, AChangeOfGroupsHoldsOnEveryCoreWhenItIsAnswered) {
  const std::string first = obtain_token(client_, "first");
  expect_everywhere(first, "first", "");
  change({"user", "group", "add", kUser, "staff"});
  expect_everywhere(first, "first", "staff");
  const std::string second = obtain_token(client_, "second");
  change({"user", "group", "add", kUser, "admins"});
  expect_everywhere(first, "first", "admins,staff");
  expect_everywhere(second, "second", "admins,staff");
  change({"user", "group", "remove", kUser, "admins", "staff"});
  expect_everywhere(first, "first", "");
  expect_everywhere(second, "second", "");
}

TEST_F(S11, DetailsAreToldPercentEncodedAndChangeAtOnce) {
  const std::string token = obtain_token(client_, "agent");
  change(
      {"user", "set", kUser, "--first-name", "Zoë", "--last-name", "de Vries", "--email", "zoe@example.org"});
  change({"user", "group", "add", kUser, "night shift", "café"});
  Response admitted = use_token(client_, token, "agent");
  EXPECT_EQ(admitted.value("Remote-Name"), "Zo%C3%AB%20de%20Vries");
  EXPECT_EQ(admitted.value("Remote-Email"), "zoe@example.org");
  EXPECT_EQ(admitted.value("Remote-Groups"), "caf%C3%A9,night%20shift");
  change({"user", "set", kUser, "--first-name", "", "--email", ""});
  admitted = use_token(client_, token, "agent");
  EXPECT_EQ(admitted.value("Remote-Name"), "de%20Vries");
  EXPECT_EQ(admitted.value("Remote-Email"), "");
  EXPECT_EQ(admitted.lines("Remote-Email"), 1U);
}

TEST_F(S11, WhoComesByBasicIsInTheSameGroups) {
  ServerOptions options = several_cores();
  options.flags = {"--verify-basic"};
  EXPECT_EQ(server_.stop(), 0);
  server_.start_again(options);
  change({"user", "group", "add", kUser, "staff"});
  HttpClient client(server_.port());
  const Response admitted =
      client.request("GET", kVerifyPath, {{"Authorization", basic_of(kUser, kPassword)}});
  EXPECT_EQ(admitted.status, 200);
  EXPECT_EQ(admitted.value("Remote-Groups"), "staff");
}

TEST_F(S11, WhoMayEnterASiteChangesWithTheGroupsAtOnce) {
  GuardedServer guarded(R"(
[[site]]
hosts = ["app.example.test"]
sign_in = "https://auth.example.test/auth/"
groups = ["staff", "admins"]
)");
  const std::string token = guarded.obtain();
  const auto change_there = [&](const char* act, const char* group) {
    const Finished done = run_latchkey(guarded.process().data(), {"user", "group", act, kUser, group});
    EXPECT_EQ(done.status, 0) << done.errors;
  };
  const auto statuses = [&] {
    const HeaderLines lines = guarded.from_browser(token);
    return std::vector<int>{guarded.ask_as_nginx(lines, "https://app.example.test/").status,
                            guarded.ask_to_forward(lines, "app.example.test", "/").status,
                            guarded.ask_as_envoy(lines, "app.example.test", "/").status};
  };
  const std::vector<int> admitted(3, 200);
  const std::vector<int> refused(3, 403);
  EXPECT_EQ(statuses(), refused);
  change_there("add", "staffing");
  EXPECT_EQ(statuses(), refused) << "another group";
  change_there("add", "staff");
  EXPECT_EQ(statuses(), admitted);
  change_there("remove", "staff");
  EXPECT_EQ(statuses(), refused);
  change_there("add", "admins");
  EXPECT_EQ(statuses(), admitted);
}

TEST_F(S11, MeListsTheGroupsSorted) {
  const std::string token = obtain_token(client_, "agent");
  change({"user", "group", "add", kUser, "staff", "admins"});
  EXPECT_TRUE(
      use_token(client_, token, "agent", kMePath).body.ends_with(R"(,"groups":["admins","staff"]}]})"));
}

TEST_F(S11, ATokenMadeBesideAChangeHasItOnceBothAreAnswered) {
  constexpr int kRounds = 20;
  for (int round = 0; round < kRounds; ++round) {
    const std::string group = "round" + std::to_string(round);
    const std::string agent = "agent" + std::to_string(round);
    std::string token;
    at_once(2, [&](std::size_t which) {
      if (which == 0) return change({"user", "group", "add", kUser, group});
      HttpClient client(server_.port());
      token = obtain_token(client, agent);
    });
    EXPECT_EQ(use_token(client_, token, agent).value("Remote-Groups"), group);
    at_once(2, [&](std::size_t which) {
      if (which == 0) return change({"user", "group", "remove", kUser, group});
      HttpClient client(server_.port());
      end_token(client, token, agent);
      token = obtain_token(client, agent);
    });
    EXPECT_EQ(use_token(client_, token, agent).value("Remote-Groups"), "");
  }
}

TEST_F(S11, GroupsAndDetailsOutliveAStopAndAKill) {
  const std::string token = obtain_token(client_, "agent");
  change({"user", "group", "add", kUser, "staff"});
  change({"user", "set", kUser, "--email", "a@example.org"});
  server_.kill();
  server_.start_again();
  HttpClient after_kill(server_.port());
  EXPECT_EQ(use_token(after_kill, token, "agent").value("Remote-Groups"), "staff");
  EXPECT_EQ(server_.stop(), 0);
  change({"user", "group", "add", kUser, "offline"});
  server_.start_again();
  HttpClient after_stop(server_.port());
  const Response admitted = use_token(after_stop, token, "agent");
  EXPECT_EQ(admitted.value("Remote-Groups"), "offline,staff");
  EXPECT_EQ(admitted.value("Remote-Email"), "a@example.org");
}

TEST_F(S11, BoundsTheGroupsOfAUserAndSaysSo) {
  std::vector<std::string> words = {"user", "group", "add", kUser};
  for (int i = 0; i < 64; ++i) words.push_back("g" + std::to_string(i));
  change(words);
  const Finished refused = run({"user", "group", "add", kUser, "one more"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_NE(refused.errors.find("a user is in 64 groups at most"), std::string::npos) << refused.errors;
  EXPECT_NE(run({"user", "group", "add", kUser, std::string(65, 'g')}).errors.find("has over 64 bytes"),
            std::string::npos);
}

std::size_t head_bytes(const Response& response) {
  std::size_t bytes = std::string_view("HTTP/1.1 200 OK\r\n\r\n").size();
  for (const auto& [name, value] : response.headers) bytes += name.size() + value.size() + 4;
  return bytes;
}

TEST_F(S11, AllThatIsToldOfAUserFitsIntoTheBufferOfAProxy) {
  constexpr std::size_t kProxyBuffer = 4096;
  std::string email;
  for (int i = 0; i < 85; ++i) email += "ë";
  change({"user", "set", kUser, "--first-name", std::string(254, 'f'), "--last-name", std::string(254, 'l'),
          "--email", email});
  std::vector<std::string> groups = {"user", "group", "add", kUser};
  for (int i = 10; i < 41; ++i) groups.push_back(std::string(62, 'g') + std::to_string(i));
  change(groups);
  const std::string token = obtain_token(client_, "agent");
  const Response admitted = use_token(client_, token, "agent");
  EXPECT_EQ(admitted.value("Remote-Email").size(), 510U);
  EXPECT_LT(head_bytes(admitted), kProxyBuffer);

  const auto refusal_of = [&](const char* flag, const std::string& text) {
    const Finished refused = run({"user", "set", kUser, flag, text});
    EXPECT_EQ(refused.status, 1) << flag;
    return refused.errors;
  };
  EXPECT_NE(refusal_of("--email", email + "ë").find("the email address may take 512 bytes"),
            std::string::npos);
  EXPECT_NE(refusal_of("--first-name", "ë" + std::string(252, 'f')).find("name may take 512 bytes"),
            std::string::npos);
  EXPECT_EQ(use_token(client_, token, "agent").value("Remote-Email").size(), 510U);
}

}  // namespace
}  // namespace latchkey::test
