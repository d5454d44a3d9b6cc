// What /metrics counts besides bounds: the sums are what was sent, and every series exists from the start.
#include <gtest/gtest.h>

#include <atomic>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "support/admin_listen.h"
#include "support/rig.h"
#include "support/scrape.h"

namespace latchkey::test {
namespace {

Response ping(HttpClient& client) { return client.request("GET", "/api/v2/ping/"); }

TEST(Metrics, ExistFromTheStartAndAreNeverMoreThanThoseWhateverClientsSend) {
  ServerOptions options = measured();
  options.cores = 2;
  OwnServer server(options);
  const Scrape before(admin_port(server.process));
  EXPECT_EQ(before.sum("latchkey_checks_total"), 0);
  EXPECT_EQ(before.sum("latchkey_http_requests_total"), 0);
  HttpClient client(server.process.port());
  for (int i = 0; i < 50; ++i) {
    const std::string odd = "x" + std::to_string(i);
    client.request("GET", "/" + odd + "?" + odd, {{"User-Agent", odd}, {"X-" + odd, odd}});
    client.request(odd, "/auth/verify/" + odd);
    log_in(client, odd, odd, odd);
    use_token(client, odd, odd);
  }
  const Scrape after(admin_port(server.process));
  EXPECT_EQ(after.samples().size(), before.samples().size());
  EXPECT_LE(after.samples().size(), 1500U);
}

/// Sends requests of several kinds on one connection, and counts what it sent.
struct Sent {
  int questions = 0;
  int logins = 0;
  int others = 0;

  void send(std::uint16_t port, std::size_t number, int count) {
    HttpClient client(port);
    const std::string agent = "agent-" + std::to_string(number);
    const std::string token = obtain_token(client, agent);
    ++logins;
    for (int i = 0; i < count; ++i) {
      switch (i % 8) {
        case 0:
          EXPECT_EQ(use_token(client, "8f17825cf08a7efea124f2638f3896f6637f8745", agent).status, 401);
          ++questions;
          break;
        case 1:
          EXPECT_EQ(client.request("GET", "/auth/verify").status, 401);
          ++questions;
          break;
        case 2:
          EXPECT_EQ(ping(client).status, 200);
          ++others;
          break;
        case 3:
          if (i % 64 == 3) {
            EXPECT_EQ(log_in(client, agent, kUser, "wrong").status, 400);
            ++logins;
          } else {
            EXPECT_EQ(client.request("GET", "/nowhere").status, 404);
            ++others;
          }
          break;
        case 4:
          EXPECT_EQ(use_token(client, token, "another agent").status, 401);
          ++questions;
          break;
        default:
          EXPECT_EQ(use_token(client, token, agent).status, 200);
          ++questions;
      }
    }
  }
};

/// Each histogram's last bucket is its count, and no bucket is below the one before.
void expect_whole_histograms(const Scrape& scrape) {
  std::istringstream lines(scrape.text());
  double before = 0;
  std::string last_bucket;
  for (std::string line; std::getline(lines, line);) {
    const double value = line.starts_with('#') ? 0 : std::stod(line.substr(line.rfind(' ') + 1));
    if (line.find("_bucket{") != std::string::npos) {
      EXPECT_GE(value, before) << line;
      const bool is_last = line.find("le=\"+Inf\"") != std::string::npos;
      before = is_last ? 0 : value;
      if (is_last) last_bucket = line.substr(line.rfind(' ') + 1);
    } else if (line.find("_seconds_count") != std::string::npos) {
      EXPECT_EQ(line.substr(line.rfind(' ') + 1), last_bucket) << line;
    }
  }
}

TEST(Metrics, AddUpToWhatWasSentAndNeverFallWhileScrapedUnderLoad) {
  constexpr int kClients = 5;
  constexpr int kEach = 2000;
  ServerOptions options = measured();
  options.cores = 2;
  OwnServer server(options);
  const std::uint16_t admin = admin_port(server.process);
  std::vector<Sent> sent(kClients);
  std::atomic<bool> is_over = false;
  int scrapes = 0;
  std::thread scraping([&] {
    Scrape before(admin);
    for (; !is_over; ++scrapes) {
      Scrape now(admin);
      expect_whole_histograms(now);
      for (const auto& [series, value] : before.samples()) {
        const bool counts =
            series.find("_total") != std::string::npos || series.find("_bucket") != std::string::npos;
        if (counts) {
          EXPECT_GE(now[series], value) << series;
        }
      }
      before = std::move(now);
    }
  });
  at_once(kClients, [&](std::size_t i) { sent[i].send(server.process.port(), i, kEach); });
  is_over = true;
  scraping.join();
  EXPECT_GE(scrapes, 2);

  Sent all;
  for (const Sent& one : sent) {
    all.questions += one.questions;
    all.logins += one.logins;
    all.others += one.others;
  }
  const Scrape scrape(admin);
  EXPECT_EQ(scrape.sum("latchkey_checks_total"), all.questions);
  EXPECT_EQ(scrape["latchkey_checks_total{result=\"admitted\"}"], kClients * kEach * 3 / 8);
  EXPECT_EQ(scrape["latchkey_checks_total{result=\"unknown\"}"], kClients * kEach / 8);
  EXPECT_EQ(scrape["latchkey_checks_total{result=\"no_token\"}"], kClients * kEach / 8);
  EXPECT_EQ(scrape["latchkey_checks_total{result=\"other_binding\"}"], kClients * kEach / 8);
  EXPECT_EQ(scrape.sum("latchkey_logins_total"), all.logins);
  EXPECT_EQ(scrape.sum("latchkey_logins_total", "result=\"new\""), kClients);
  EXPECT_EQ(scrape["latchkey_login_duration_seconds_count{result=\"granted\"}"], kClients);
  EXPECT_EQ(scrape["latchkey_login_duration_seconds_count{result=\"refused\"}"], all.logins - kClients);
  EXPECT_EQ(scrape["latchkey_hashes_total"] - 1, all.logins) << "the user's own was made by the command";
  EXPECT_EQ(scrape.sum("latchkey_http_requests_total"), all.questions + all.logins + all.others);
  EXPECT_EQ(scrape.sum("latchkey_http_requests_total", "resource=\"/auth/verify\""), all.questions);
  EXPECT_EQ(scrape["latchkey_http_requests_total{resource=\"/auth/verify\",code=\"200\"}"],
            scrape["latchkey_checks_total{result=\"admitted\"}"]);
  EXPECT_GT(scrape["latchkey_loop_pass_seconds_count"], 0);
}

TEST(Metrics, TellWhatBecameOfTokensAndOfAdministratorsRequests) {
  ServerOptions options = measured({"--tokens-per-user", "2", "--verify-listen", "127.0.0.1:0"});
  OwnServer server(options);
  HttpClient client(server.process.port());
  const std::string first = obtain_token(client, "one");
  const std::string second = obtain_token(client, "two");
  obtain_token(client, "three");
  EXPECT_EQ(use_token(client, first, "one").status, 401);
  EXPECT_EQ(end_token(client, second, "two").status, 204);
  EXPECT_EQ(use_token(client, second, "two").status, 401);
  EXPECT_EQ(run_latchkey(server.process.data(), {"token", "revoke", kUser}).status, 0);
  const std::string fourth = obtain_token(client, "four");
  EXPECT_EQ(run_latchkey(server.process.data(), {"user", "disable", kUser}).status, 0);
  EXPECT_EQ(use_token(client, fourth, "four").status, 401);
  EXPECT_EQ(log_in(client, "four").status, 400);
  EXPECT_NE(run_latchkey(server.process.data(), {"user", "disable", "nobody"}).status, 0);

  const Scrape scrape(admin_port(server.process));
  EXPECT_EQ(scrape["latchkey_sessions_ended_total{reason=\"limit\"}"], 1);
  EXPECT_EQ(scrape["latchkey_sessions_ended_total{reason=\"logout\"}"], 1);
  EXPECT_EQ(scrape["latchkey_sessions_ended_total{reason=\"admin\"}"], 1);
  EXPECT_EQ(scrape["latchkey_sessions_ended_total{reason=\"disabled\"}"], 1);
  EXPECT_EQ(scrape.sum("latchkey_sessions_ended_total"), 4);
  EXPECT_EQ(scrape["latchkey_checks_total{result=\"over_limit\"}"], 1);
  EXPECT_EQ(scrape["latchkey_checks_total{result=\"ended\"}"], 1);
  EXPECT_EQ(scrape["latchkey_checks_total{result=\"inactive\"}"], 1);
  EXPECT_EQ(scrape["latchkey_login_refusals_total{reason=\"disabled\"}"], 1);
  EXPECT_EQ(scrape["latchkey_admin_requests_total{action=\"user_disable\",result=\"done\"}"], 1);
  EXPECT_EQ(scrape["latchkey_admin_requests_total{action=\"user_disable\",result=\"refused\"}"], 1);
  EXPECT_EQ(scrape["latchkey_admin_requests_total{action=\"token_revoke\",result=\"done\"}"], 1);
  EXPECT_EQ(scrape["latchkey_tokens"], 0);
  EXPECT_EQ(scrape["latchkey_tombstones"], 4);
  EXPECT_GE(scrape["latchkey_store_commits_total{result=\"done\"}"], 4);
  EXPECT_EQ(scrape["latchkey_store_commit_duration_seconds_count"],
            scrape.sum("latchkey_store_commits_total"));
  EXPECT_GT(scrape["latchkey_store_database_bytes"], 0);
  EXPECT_GT(scrape["latchkey_store_last_commit_timestamp_seconds"], 1.7e9);
  EXPECT_GT(scrape["process_start_time_seconds"], 1.7e9);
  EXPECT_GT(scrape["process_resident_memory_bytes"], 1e6);
  EXPECT_EQ(scrape["latchkey_stored_hashes{scheme=\"argon2id\"}"], 0) << "the user came after the start";
  EXPECT_EQ(scrape["latchkey_ready"], 1);
}

TEST(Metrics, KnowWhichHashesAreStoredAndWhichALoginReplaced) {
  OwnServer server(measured());
  const Finished added =
      run_latchkey(server.process.data(), {"user", "add", "old", "--password-hash-stdin"},
                   "pbkdf2_sha256$1000$saltsaltsalt$F7o7+5VTVzFAO998X6s3AHrDsJVdMiIlgndIMe19NvY=\n");
  ASSERT_EQ(added.status, 0) << added.errors;
  server.process.start_again();
  const Scrape scrape(admin_port(server.process));
  EXPECT_EQ(scrape["latchkey_stored_hashes{scheme=\"argon2id\"}"], 1);
  EXPECT_EQ(scrape["latchkey_stored_hashes{scheme=\"pbkdf2_sha256\"}"], 1);
  EXPECT_EQ(scrape["latchkey_last_start_unclean"], 0);
  HttpClient client(server.process.port());
  EXPECT_EQ(log_in(client, "browser", "old").status, 200);
  const Scrape after(admin_port(server.process));
  EXPECT_EQ(after["latchkey_rehashes_total{scheme=\"pbkdf2_sha256\"}"], 1);
  EXPECT_EQ(after["latchkey_hash_duration_seconds_count{scheme=\"pbkdf2_sha256\"}"], 1);
  EXPECT_EQ(after["latchkey_hash_duration_seconds_count{scheme=\"argon2id\"}"], 1);
}

}  // namespace
}  // namespace latchkey::test
