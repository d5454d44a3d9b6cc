// `latchkey backup`, `check` and `restore`: what a backup made beside a server, or without one, holds, and
// what comes back from it.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "support/admin_listen.h"
#include "support/child_process.h"
#include "support/rig.h"
#include "support/scrape.h"

namespace latchkey::test {
namespace {

namespace fs = std::filesystem;

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
}

std::size_t files_in(const fs::path& directory) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

/// A place for backups, and another data directory to restore into, with the key of the first.
class Backups : public ::testing::Test {
 protected:
  Backups() {
    fs::create_directory(backups_);
    fs::create_directory(elsewhere_);
  }

  const fs::path& data() const { return server_.process.data(); }
  fs::path backup() const { return backups_ / "a.db"; }

  Finished back_up(const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {"backup", backup().string()};
    words.insert(words.end(), more.begin(), more.end());
    return run_latchkey(data(), words);
  }
  Finished restore(const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {"restore", backup().string()};
    words.insert(words.end(), more.begin(), more.end());
    return run_latchkey(elsewhere_, words);
  }
  void bring_key() { fs::copy_file(data() / "latchkey.key", elsewhere_ / "latchkey.key"); }

  /// Kills the server, and waits until commands work without it: its ring may outlive it, and take a
  /// connection.
  void kill_server() {
    server_.process.kill();
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (run_latchkey(data(), {"user", "list"}).status != 0 && std::chrono::steady_clock::now() < end)
      continue;
  }

  /// Overwrites a part of the backup.
  void spoil(std::streamoff at, const std::string& bytes) {
    std::fstream file(backup(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(at);
    file << bytes;
  }

  OwnServer server_{{.cores = 2, .flags = {"--admin-listen", "127.0.0.1:0"}, .config = {}}};
  const fs::path backups_ = server_.directory / "backups";
  const fs::path elsewhere_ = server_.directory / "elsewhere";
};

/// Logins on several connections, as many as the server hashes, until they are told to stop.
class Logins {
 public:
  static constexpr int kClients = 4;
  struct Token {
    std::string token;
    std::string agent;
  };

  explicit Logins(std::uint16_t port) {
    for (int client = 0; client < kClients; ++client) {
      threads_.emplace_back([this, port, client] { log_in_again_and_again(port, client); });
    }
  }
  ~Logins() { stop(); }
  Logins(const Logins&) = delete;
  Logins& operator=(const Logins&) = delete;

  void stop() {
    going_ = false;
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }
  /// Those that have been answered by now.
  std::vector<Token> answered() {
    const std::lock_guard lock(mutex_);
    return tokens_;
  }
  void wait_for(int logins) { progress_.wait_for(logins); }

 private:
  void log_in_again_and_again(std::uint16_t port, int client) {
    HttpClient connection(port);
    for (int i = 0; going_; ++i) {
      const std::string agent = fmt::format("client {} login {}", client, i);
      std::string token = obtain_token(connection, agent);
      {
        const std::lock_guard lock(mutex_);
        tokens_.push_back({std::move(token), agent});
      }
      progress_.advance();
    }
  }

  std::atomic<bool> going_ = true;
  Progress progress_;
  std::mutex mutex_;
  std::vector<Token> tokens_;
  std::vector<std::thread> threads_;
};

TEST_F(Backups, MadeUnderLoginsHaveEachThatWasAnsweredBeforeTheyBegan) {
  const auto first = std::chrono::steady_clock::now();
  Logins logins(server_.process.port());
  logins.wait_for(100);
  const auto begin = std::chrono::steady_clock::now();
  const std::vector<Logins::Token> before = logins.answered();
  const Finished made = back_up({"--json"});
  const std::size_t meanwhile = logins.answered().size() - before.size();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  const std::chrono::duration<double> alone = begin - first;
  ASSERT_EQ(made.status, 0) << made.errors;
  logins.stop();
  fmt::print("{:.0f} logins a second before the backup, {:.0f} while it was made, in {:.2f} s\n",
             static_cast<double>(before.size()) / alone.count(),
             static_cast<double>(meanwhile) / took.count(), took.count());
  bring_key();
  const Finished restored = restore({"--keep-tokens"});
  ASSERT_EQ(restored.status, 0) << restored.errors;
  ServerProcess again(elsewhere_);
  HttpClient client(again.port());
  for (const auto& [token, agent] : before) EXPECT_EQ(use_token(client, token, agent).status, 200) << agent;
}

TEST_F(Backups, EndTheirTokensWhereTheyAreRestoredAndKeepTheirUsers) {
  HttpClient client(server_.process.port());
  const std::string token = obtain_token(client, "browser");
  const Finished made = back_up();
  ASSERT_EQ(made.status, 0) << made.errors;
  EXPECT_TRUE(holds(made.output, "1 user, 1 live session")) << made.output;
  EXPECT_EQ(mode_of(backup()), 0600U);
  EXPECT_EQ(files_in(backups_), 1U);
  EXPECT_TRUE(server_.process.wait_for_log("event=admin.backup_begun").has_value());
  EXPECT_TRUE(server_.process.wait_for_log("event=admin.backup_made").has_value());
  EXPECT_NEAR(Scrape(admin_port(server_.process))["latchkey_backup_last_success_timestamp_seconds"],
              static_cast<double>(now_ms()) / 1000, 120);
  bring_key();
  const Finished restored = restore();
  ASSERT_EQ(restored.status, 0) << restored.errors;
  EXPECT_TRUE(holds(restored.output, "1 token ended")) << restored.output;
  EXPECT_EQ(mode_of(elsewhere_ / "latchkey.db"), 0600U);
  EXPECT_EQ(files_in(elsewhere_), 3U) << "the database, the key and the lock";
  ServerProcess again(elsewhere_);
  HttpClient elsewhere(again.port());
  EXPECT_EQ(refusal_of(use_token(elsewhere, token, "browser")), "Token is expired");
  EXPECT_EQ(log_in(elsewhere, "browser").status, 200);
}

TEST_F(Backups, AreMadeOfAStoppedServersDataToo) {
  HttpClient client(server_.process.port());
  const std::string token = obtain_token(client, "browser");
  kill_server();
  const Finished made = back_up({"--json"});
  ASSERT_EQ(made.status, 0) << made.errors;
  EXPECT_TRUE(holds(made.output, R"("users":1,"live_sessions":1)")) << made.output;
  EXPECT_TRUE(holds(run_latchkey(data(), {"check"}).output, "is sound"));
  bring_key();
  ASSERT_EQ(restore({"--keep-tokens"}).status, 0);
  ServerProcess again(elsewhere_);
  HttpClient elsewhere(again.port());
  EXPECT_EQ(use_token(elsewhere, token, "browser").status, 200);
  server_.process.start_again();
}

TEST_F(Backups, ReplaceNothingThatIsThere) {
  ASSERT_EQ(back_up().status, 0);
  const Finished again = back_up();
  EXPECT_EQ(again.status, 1);
  EXPECT_TRUE(holds(again.errors, "is there already")) << again.errors;
  const Finished beside = run_latchkey(data(), {"restore", backup().string()});
  EXPECT_EQ(beside.status, 1);
  EXPECT_TRUE(holds(beside.errors, "stop it first")) << beside.errors;
  server_.process.stop();
  const Finished over = run_latchkey(data(), {"restore", backup().string()});
  EXPECT_EQ(over.status, 1);
  EXPECT_TRUE(holds(over.errors, "--replace moves it aside")) << over.errors;
  const Finished replaced = run_latchkey(data(), {"restore", backup().string(), "--replace"});
  ASSERT_EQ(replaced.status, 0) << replaced.errors;
  EXPECT_TRUE(holds(replaced.output, "the database that was there is")) << replaced.output;
  server_.process.start_again();
  HttpClient client(server_.process.port());
  EXPECT_EQ(log_in(client, "browser").status, 200);
}

TEST_F(Backups, ComeBackWhereARestoreBrokeOffBetweenTheDatabaseAndItsLog) {
  ASSERT_EQ(back_up().status, 0);
  HttpClient client(server_.process.port());
  obtain_token(client, "browser");
  fs::copy_file(data() / "latchkey.db-wal", data() / "log");
  kill_server();
  fs::rename(data() / "latchkey.db", data() / "latchkey.db.before-now");
  fs::rename(data() / "log", data() / "latchkey.db-wal");
  give_to_test_user(data());
  ASSERT_GT(fs::file_size(data() / "latchkey.db-wal"), 0U);
  const Finished refused = run_latchkey(data(), {"user", "list"});
  EXPECT_EQ(refused.status, 1) << "a log alone is no database";
  const Finished restored = run_latchkey(data(), {"restore", backup().string()});
  ASSERT_EQ(restored.status, 0) << restored.errors;
  EXPECT_FALSE(fs::exists(data() / "latchkey.db-wal")) << "the old log would be taken for the new database's";
  server_.process.start_again();
  HttpClient again(server_.process.port());
  EXPECT_EQ(log_in(again, "browser").status, 200);
}

TEST_F(Backups, LeaveNothingWhereTheirCommandIsKilled) {
  // The server takes the command's connection, and answers nothing.
  server_.process.signal(SIGSTOP);
  {
    ChildProcess command(
        {.arguments = {std::getenv("LATCHKEY"), "--data", data().string(), "backup", backup().string()},
         .input = {},
         .environment = {}});
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (files_in(backups_) == 0 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    EXPECT_EQ(files_in(backups_), 1U) << command.errors();
    EXPECT_FALSE(fs::exists(backup()));
    command.signal(SIGKILL);
    command.wait();
    while (files_in(backups_) != 0 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    EXPECT_EQ(files_in(backups_), 0U);
  }
  server_.process.signal(SIGCONT);
  EXPECT_EQ(back_up().status, 0) << "the server has forgotten the one before";
}

TEST_F(Backups, AreRefusedInASentenceByAFullDiskAndTheServerServesOn) {
  HttpClient client(server_.process.port());
  const std::string token = obtain_token(client, "browser");
  server_.process.fill_disk();
  const Finished refused = back_up();
  EXPECT_EQ(refused.status, 1);
  EXPECT_TRUE(holds(refused.errors, "as much room there as the database has")) << refused.errors;
  EXPECT_TRUE(holds(refused.errors, "there is no new backup")) << refused.errors;
  EXPECT_EQ(files_in(backups_), 0U);
  EXPECT_EQ(use_token(client, token, "browser").status, 200);
  server_.process.free_disk();
  EXPECT_EQ(back_up().status, 0);
}

TEST_F(Backups, ThatAreDamagedOrOfANewerVersionAreRefused) {
  ASSERT_EQ(back_up().status, 0);
  bring_key();
  EXPECT_TRUE(holds(run_latchkey(data(), {"check", backup().string()}).output, "is its own"));
  // SQLite's user_version is at byte 60 of the header, the most significant byte first.
  spoil(60, std::string("\0\0\0\x63", 4));
  for (const Finished& newer : {run_latchkey(data(), {"check", backup().string()}), restore()}) {
    EXPECT_EQ(newer.status, 1);
    EXPECT_TRUE(
        holds(newer.errors, backup().string() + " has version 99 and this Latchkey knows versions up to"))
        << newer.errors;
  }
  spoil(60, std::string("\0\0\0\x05", 4));
  spoil(4096 * 3, std::string(4096, 'x'));
  for (const Finished& damaged : {run_latchkey(data(), {"check", backup().string()}), restore()}) {
    EXPECT_EQ(damaged.status, 1);
    EXPECT_TRUE(holds(damaged.errors, backup().string())) << damaged.errors;
  }
  EXPECT_EQ(files_in(elsewhere_), 2U) << "the key and the lock";
}

TEST_F(Backups, AreRestoredBesideTheirOwnKeyAlone) {
  ASSERT_EQ(back_up().status, 0);
  const Finished without = restore();
  ASSERT_EQ(without.status, 0) << without.errors;
  EXPECT_TRUE(holds(without.output, "put it there before the start")) << without.output;
  fs::remove(elsewhere_ / "latchkey.db");
  ASSERT_EQ(run_latchkey(elsewhere_, {"user", "add", "bob", "--create", "--password-stdin"}, "open\n").status,
            0);
  ServerProcess other(elsewhere_);
  ASSERT_EQ(other.stop(), 0);
  const Finished wrong = restore({"--replace"});
  EXPECT_EQ(wrong.status, 1);
  EXPECT_TRUE(holds(wrong.errors, "is not the one that belongs to")) << wrong.errors;
  EXPECT_TRUE(holds(run_latchkey(elsewhere_, {"user", "list"}).output, "bob")) << "nothing is changed";
  const Finished checked = run_latchkey(elsewhere_, {"check", backup().string(), "--json"});
  EXPECT_EQ(checked.status, 1);
  EXPECT_TRUE(holds(checked.output, R"("key":"other")")) << checked.output;
}

TEST_F(Backups, OfADirectoryAreTheNewestOfSoMany) {
  for (const char* const older : {"latchkey-20200101T000000Z.db", "latchkey-20210101T000000Z.db"})
    std::ofstream(backups_ / older) << "older";
  std::ofstream(backups_ / "latchkey-notes.db") << "another's";
  std::ofstream(backups_ / "latchkey-20200101T000000Z.db.latchkey-partial") << "left by a crash";
  const Finished made = run_latchkey(data(), {"backup", "--keep", "2", backups_.string()});
  ASSERT_EQ(made.status, 0) << made.errors;
  EXPECT_EQ(files_in(backups_), 3U);
  EXPECT_TRUE(fs::exists(backups_ / "latchkey-20210101T000000Z.db"));
  EXPECT_TRUE(fs::exists(backups_ / "latchkey-notes.db"));
  const Finished wrong = run_latchkey(data(), {"backup", "--keep", "2", backup().string()});
  EXPECT_EQ(wrong.status, 2) << wrong.errors;
}

}  // namespace
}  // namespace latchkey::test
