// kill -9 in the middle of logins and deletions: after the next start every login that was answered admits,
// and every deletion that was answered refuses (the second invariant of the design).
#include <gtest/gtest.h>

#include <thread>

#include "rig.h"

namespace latchkey::test {
namespace {

constexpr std::size_t kClients = 4;
constexpr int kRounds = 4;
/// Answered logins before the kill; enough that commits of several clients overlap.
constexpr int kLoginsBeforeTheKill = 25;

/// What a client knows of a token: what was asked, and what was answered.
struct Record {
  std::string token;
  std::string agent;
  bool deletion_sent = false;
  bool deletion_answered = false;
};

/// One client's part of a round: logs in from ever another agent and ends every second token, until the
/// server is gone under it.
void work_until_the_kill(std::uint16_t port, const std::string& name, std::vector<Record>& records,
                         Progress& logins) {
  try {
    HttpClient client(port);
    for (int number = 0;; ++number) {
      Record record;
      record.agent = name + "-" + std::to_string(number);
      record.token = obtain_token(client, record.agent);
      records.push_back(record);
      logins.advance();
      if (number % 2 == 0) continue;
      records.back().deletion_sent = true;
      if (end_token(client, record.token, record.agent).status == 204)
        records.back().deletion_answered = true;
    }
  } catch (const ClientError&) {
    // The kill. What was not answered before is not known.
    logins.give_up();
  }
}

/// Has all clients work, kills the server among them, and gives what they know.
std::vector<Record> work_and_kill(ServerProcess& server, int round) {
  std::vector<std::vector<Record>> of_client(kClients);
  Progress logins;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kClients; ++i) {
    threads.emplace_back([&server, &of_client, &logins, round, i] {
      work_until_the_kill(server.port(), std::to_string(round) + "-" + std::to_string(i), of_client[i],
                          logins);
    });
  }
  logins.wait_for(kLoginsBeforeTheKill + round);
  server.kill();
  for (std::thread& thread : threads) thread.join();
  std::vector<Record> all;
  for (const std::vector<Record>& records : of_client) all.insert(all.end(), records.begin(), records.end());
  return all;
}

void expect_kept(ServerProcess& server, const std::vector<Record>& records) {
  HttpClient client(server.port());
  for (const Record& record : records) {
    const Response response = use_token(client, record.token, record.agent);
    if (!record.deletion_sent) {
      EXPECT_EQ(response.status, 200) << "an answered login is gone: " << response.body;
      EXPECT_EQ(obtain_token(client, record.agent), record.token);
    } else if (record.deletion_answered) {
      EXPECT_EQ(response.status, 401) << "an answered deletion is undone";
      EXPECT_EQ(response.body, detail("Token is expired"));
    }
  }
}

TEST(Kill, LosesNoAnsweredLoginAndUndoesNoAnsweredDeletion) {
  ServerOptions options;
  options.cores = 2;
  OwnServer server(options);
  std::vector<Record> all;
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<Record> records = work_and_kill(server.process, round);
    ASSERT_GE(records.size(), static_cast<std::size_t>(kLoginsBeforeTheKill));
    server.process.start_again();
    expect_kept(server.process, records);
    all.insert(all.end(), records.begin(), records.end());
  }
  EXPECT_EQ(server.process.stop(), 0) << server.process.log();
  server.process.start_again();
  expect_kept(server.process, all);
}

}  // namespace
}  // namespace latchkey::test
