// kill -9 in the middle of logins and deletions: after the next start every login that was answered admits,
// and every deletion that was answered refuses (the second invariant of the design).
#include <gtest/gtest.h>
#include <sys/types.h>

#include <atomic>
#include <csignal>

#include "support/rig.h"

namespace latchkey::test {
namespace {

constexpr std::size_t kClients = 4;
constexpr int kRounds = 20;
/// Answers of the one kind before the kill; enough that commits of several clients overlap.
constexpr int kAnswersBeforeTheKill = 15;

/// What a client knows of a token: what was asked, and what was answered.
struct Record {
  std::string token;
  std::string agent;
  bool deletion_sent = false;
  bool deletion_answered = false;
};

/// Kills the server in the moment in which a client reads an answer: no later, since what an answer promises
/// must hold already then.
class Killer {
 public:
  enum class At { kLogin, kDeletion };

  Killer(const ServerProcess& server, At at) : pid_(server.pid()), at_(at) {}

  void answered(At what) {
    if (what == at_ && ++answers_ == kAnswersBeforeTheKill) ::kill(pid_, SIGKILL);
  }

 private:
  const pid_t pid_;
  const At at_;
  std::atomic<int> answers_ = 0;
};

/// One client's part of a round: logs in from ever another agent and ends every second token, until the
/// server is gone under it.
void work_until_the_kill(std::uint16_t port, const std::string& name, std::vector<Record>& records,
                         Killer& killer) {
  try {
    HttpClient client(port);
    for (int number = 0;; ++number) {
      Record record;
      record.agent = name + "-" + std::to_string(number);
      record.token = obtain_token(client, record.agent);
      killer.answered(Killer::At::kLogin);
      records.push_back(record);
      if (number % 2 == 0) continue;
      records.back().deletion_sent = true;
      if (end_token(client, record.token, record.agent).status != 204) continue;
      killer.answered(Killer::At::kDeletion);
      records.back().deletion_answered = true;
    }
  } catch (const ClientError&) {
    // The kill. What was not answered before is not known.
  }
}

/// Has all clients work until the server is killed among them, and gives what they know.
std::vector<Record> work_and_kill(ServerProcess& server, int round) {
  std::vector<std::vector<Record>> of_client(kClients);
  Killer killer(server, round % 2 == 0 ? Killer::At::kLogin : Killer::At::kDeletion);
  at_once(kClients, [&](std::size_t i) {
    work_until_the_kill(server.port(), std::to_string(round) + "-" + std::to_string(i), of_client[i], killer);
  });
  EXPECT_EQ(server.wait(), -SIGKILL) << server.log();
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
    ASSERT_GE(records.size(), static_cast<std::size_t>(kAnswersBeforeTheKill));
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
