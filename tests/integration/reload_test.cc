// `latchkey reload`: a changed settings file is put in force while the server serves, inside its sandbox.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/admin_listen.h"
#include "support/rig.h"
#include "support/scrape.h"

namespace latchkey::test {
namespace {

constexpr int kDone = 0;
constexpr int kRefused = 1;
constexpr int kInPart = 3;
constexpr const char* kPingPath = "/api/v2/ping/";

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

/// An open file of the test.
class OpenFile {
 public:
  OpenFile(const std::filesystem::path& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC)) {
    EXPECT_GE(fd_, 0) << path;
  }
  ~OpenFile() { ::close(fd_); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int fd() const noexcept { return fd_; }

 private:
  const int fd_;
};

/// What the admin socket answers to a reload with these files, sent byte by byte as `latchkey` would not.
std::string pass(const std::filesystem::path& socket_path, const std::vector<int>& files) {
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket_path.string().copy(address.sun_path, sizeof address.sun_path - 1);
  EXPECT_EQ(::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  std::string request =
      "POST /reload HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4\r\n\r\nFILE";
  alignas(cmsghdr) std::array<char, CMSG_SPACE(16 * sizeof(int))> control{};
  iovec part{request.data(), 1};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!files.empty()) {
    const std::size_t bytes = files.size() * sizeof(int);
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(bytes);
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(bytes);
    std::memcpy(CMSG_DATA(header), files.data(), bytes);
  }
  EXPECT_EQ(::sendmsg(socket, &message, 0), 1);
  EXPECT_EQ(::send(socket, request.data() + 1, request.size() - 1, 0),
            static_cast<ssize_t>(request.size() - 1));
  std::string answer;
  std::array<char, 4096> bytes{};
  for (ssize_t got = 0; (got = ::recv(socket, bytes.data(), bytes.size(), 0)) > 0;) {
    answer.append(bytes.data(), static_cast<std::size_t>(got));
  }
  ::close(socket);
  return answer;
}

class Reload : public ::testing::Test {
 protected:
  Reload() { start("node = \"one\"\n"); }

  void start(const std::string& config, ServerOptions options = {}) {
    options.cores = 2;
    options.config = config;
    server_.process.start_again(std::move(options));
  }

  const std::filesystem::path& data() { return server_.process.data(); }
  std::filesystem::path file() { return data().parent_path() / "latchkeyd.toml"; }
  std::filesystem::path admin_socket() { return data() / "admin.sock"; }

  /// As an editor or a package does it: another file takes the name.
  void replace_file(const std::string& text) {
    const std::filesystem::path other = file().string() + ".new";
    std::ofstream(other) << text;
    std::filesystem::rename(other, file());
  }

  Finished reload() { return run_latchkey(data(), {"reload", file().string()}); }
  Finished reload(const std::string& text) {
    replace_file(text);
    return reload();
  }
  void expect_reloaded(const std::string& text) {
    const Finished reloaded = reload(text);
    EXPECT_EQ(reloaded.status, kDone) << reloaded.output << reloaded.errors;
  }

  HttpClient client() { return HttpClient(server_.process.port()); }
  static std::string node_at(HttpClient& client) {
    return client.request("GET", kPingPath).value("X-API-Node");
  }
  /// What new connections, which the kernel spreads over both cores, are told.
  std::set<std::string> nodes() {
    constexpr int kEnoughForBothCores = 32;
    std::set<std::string> seen;
    for (int i = 0; i < kEnoughForBothCores; ++i) {
      HttpClient fresh = client();
      seen.insert(node_at(fresh));
    }
    return seen;
  }

  std::size_t open_descriptors() {
    const std::filesystem::path all = "/proc/" + std::to_string(server_.process.pid()) + "/fd";
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(all), {}));
  }

  /// Connections that have just ended go first.
  void expect_descriptors(std::size_t count) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (open_descriptors() != count && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    EXPECT_EQ(open_descriptors(), count);
  }

  OwnServer server_;
};

TEST_F(Reload, PutsAFileThatWasReplacedInForceOnEveryCoreAndOpenConnectionsToo) {
  HttpClient open = client();
  EXPECT_EQ(node_at(open), "one");
  const Finished reloaded = reload("node = \"two\"\n");
  EXPECT_EQ(reloaded.status, kDone) << reloaded.errors;
  EXPECT_EQ(reloaded.output, "in force: node\n");
  EXPECT_EQ(reloaded.errors, "");
  EXPECT_EQ(node_at(open), "two");
  EXPECT_EQ(nodes(), std::set<std::string>{"two"});
  EXPECT_TRUE(holds(open.request("GET", kPingPath).body, "\"node\":\"two\""));
  EXPECT_TRUE(server_.process.wait_for_log("event=settings.reloaded changed=node pending=\"\""))
      << server_.process.log();
  const Finished again = reload();
  EXPECT_EQ(again.status, kDone);
  EXPECT_EQ(again.output, file().string() + " changes nothing\n");
}

TEST_F(Reload, WithAWrongFileTellsEachLineAndChangesNothing) {
  const Finished refused = reload("node = \"two\"\nhash_queue = 0\nlog_level = \"loud\"\n");
  EXPECT_EQ(refused.status, kRefused);
  EXPECT_EQ(refused.output, "");
  EXPECT_TRUE(holds(refused.errors, "latchkeyd.toml:2: hash_queue: ")) << refused.errors;
  EXPECT_TRUE(holds(refused.errors, "latchkeyd.toml:3: ")) << refused.errors;
  EXPECT_TRUE(refused.errors.ends_with("latchkey: nothing was changed\n")) << refused.errors;
  EXPECT_EQ(nodes(), std::set<std::string>{"one"});
  EXPECT_TRUE(server_.process.wait_for_log("event=settings.refused problems=2 error="));
  const Finished as_json = run_latchkey(data(), {"reload", "--json", file().string()});
  EXPECT_EQ(as_json.status, kRefused);
  std::filesystem::remove(file());
  const Finished missing = reload();
  EXPECT_EQ(missing.status, kRefused);
  EXPECT_TRUE(holds(missing.errors, "No such file")) << missing.errors;
  EXPECT_EQ(nodes(), std::set<std::string>{"one"});
}

TEST_F(Reload, ThatWaitsInPartForARestartSaysWhatAndExitsWithThree) {
  const std::string text = "node = \"two\"\ntombstones = 5\ntoken_timeout = \"1h\"\n";
  for (const char* const applied : {"in force: node\n", ""}) {
    const Finished reloaded = reload(text);
    EXPECT_EQ(reloaded.status, kInPart) << reloaded.errors;
    EXPECT_EQ(reloaded.output, std::string(applied) + "waits for a restart: token_timeout, tombstones\n");
  }
  EXPECT_EQ(nodes(), std::set<std::string>{"two"});
  HttpClient before = client();
  EXPECT_EQ(log_in(before, "browser").value("Auth-Token-Timeout"), "1800");
  start(text);
  HttpClient after = client();
  EXPECT_EQ(log_in(after, "browser").value("Auth-Token-Timeout"), "3600");
}

TEST_F(Reload, NamesAChangeThatAFlagHides) {
  start("node = \"one\"\n", {.flags = {"--node", "flag"}});
  const Finished reloaded = reload("node = \"two\"\n");
  EXPECT_EQ(reloaded.status, kDone) << reloaded.errors;
  EXPECT_EQ(reloaded.output, "hidden: node is as --node gives it, which counts before the file\n");
  EXPECT_EQ(nodes(), std::set<std::string>{"flag"});
}

TEST_F(Reload, ReloadsTheSitesToo) {
  const std::string guarded =
      "trusted_proxy = [\"127.0.0.1\"]\n[[site]]\nhosts = [\"app.example.test\"]\n"
      "sign_in = \"https://auth.example.test/auth/\"\n";
  const auto ask = [this] {
    HttpClient proxy = client();
    return proxy
        .request("GET", kVerifyPath,
                 {{"X-Original-URL", "https://app.example.test/open/"}, {"X-Forwarded-For", "192.0.2.1"}})
        .status;
  };
  start(guarded);
  EXPECT_EQ(ask(), 401);
  expect_reloaded(guarded + "public = [\"/open/\"]\n");
  EXPECT_EQ(ask(), 200);
  expect_reloaded(guarded);
  EXPECT_EQ(ask(), 401);
}

TEST_F(Reload, ChangesBoundsOfRequestsTokensAndFailures) {
  HttpClient open = client();
  const std::string first = obtain_token(open, "first");
  expect_reloaded("tokens_per_user = 1\nbody_limit = 1024\nbasic = false\nlog_level = \"error\"\n");
  const std::string second = obtain_token(open, "second");
  EXPECT_EQ(use_token(open, second, "second").status, 200);
  EXPECT_EQ(use_token(open, first, "first").status, 401);
  EXPECT_EQ(open.request("GET", kMePath, {{"Authorization", "Basic YWxpY2U6Y29ycmVjdCBob3JzZQ=="}}).status,
            401);
  EXPECT_FALSE(holds(server_.process.log(), "event=settings.reloaded")) << "the line is of level info";
  EXPECT_EQ(post_login(open, std::string(1025, ' '), {{"Content-Type", kJsonType}}).status, 413);
}

TEST_F(Reload, NewBoundsOnFailuresHoldAtOnceAndOnConnectionsForNewOnes) {
  start("", {.flags = {}, .throttle = true});
  HttpClient open = client();
  EXPECT_EQ(log_in(open, "browser", kUser, "wrong").status, 400);
  EXPECT_EQ(log_in(open, "browser", kUser, "wrong").status, 400);
  expect_reloaded("login_failures_by_user = 1\n");
  EXPECT_EQ(log_in(open, "browser", kUser, "wrong").status, 400) << "they are counted from nothing";
  EXPECT_EQ(log_in(open, "browser", kUser, "wrong").status, 429);
  expect_reloaded("connections_by_address = 1\ncounted_networks = [\"127.0.0.0/8\"]\n");
  HttpClient counted = client();
  EXPECT_EQ(node_at(counted), "localhost");
  HttpClient refused = client();
  EXPECT_TRUE(refused.is_closed_by_server());
  EXPECT_EQ(node_at(open), "localhost") << "what was open stays open";
}

TEST_F(Reload, OfAnotherFileThanTheNextStartReadsIsDoneWithAWarning) {
  const std::filesystem::path other = data().parent_path() / "other.toml";
  std::ofstream(other) << "node = \"two\"\n";
  const Finished reloaded = run_latchkey(data(), {"reload", other.string()});
  EXPECT_EQ(reloaded.status, kDone);
  EXPECT_TRUE(holds(reloaded.errors, "its next start reads that file, and not " + other.string()))
      << reloaded.errors;
  EXPECT_EQ(nodes(), std::set<std::string>{"two"});
}

TEST_F(Reload, TakesNothingButAFileThatIsOpenToBeRead) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root sees the descriptors of a process that cannot be traced";
  const std::size_t before = open_descriptors();
  const auto expect_refused = [this](const std::vector<int>& files, std::string_view why) {
    const std::string answer = pass(admin_socket(), files);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << answer;
    EXPECT_TRUE(holds(answer, why)) << answer;
  };
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  const OpenFile directory(data().parent_path(), O_RDONLY | O_DIRECTORY);
  replace_file("node = \"two\"\n");
  const OpenFile writable(file(), O_RDWR);
  const OpenFile good(file(), O_RDONLY);
  expect_refused({}, "no file came along");
  expect_refused({pipe[0]}, "no regular file");
  expect_refused({directory.fd()}, "no regular file");
  expect_refused({writable.fd()}, "to be read alone");
  replace_file(std::string((1 << 20) + 1, '#'));
  const OpenFile big(file(), O_RDONLY);
  expect_refused({big.fd()}, "over 1 MiB");
  EXPECT_EQ(nodes(), std::set<std::string>{"one"});
  EXPECT_TRUE(pass(admin_socket(), {pipe[0], good.fd()}).starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(nodes(), std::set<std::string>{"two"});
  EXPECT_TRUE(pass(admin_socket(), std::vector<int>(12, good.fd())).starts_with("HTTP/1.1 "));
  ::close(pipe[0]);
  ::close(pipe[1]);
  EXPECT_TRUE(pass(admin_socket(), {}).starts_with("HTTP/1.1 400 "));
  expect_descriptors(before);
}

TEST_F(Reload, ResetsNoCounterAndIsCountedItself) {
  ServerOptions options = measured();
  options.throttle = true;
  start("login_failures_by_user = 1\n", options);
  const std::uint16_t admin = admin_port(server_.process);
  HttpClient open = client();
  const std::string token = obtain_token(open, "browser");
  EXPECT_EQ(use_token(open, token, "browser").status, 200);
  EXPECT_EQ(log_in(open, "browser", "nobody", "wrong").status, 400);
  EXPECT_EQ(log_in(open, "browser", "nobody", "wrong").status, 429);
  const Scrape before(admin);
  EXPECT_EQ(before["latchkey_reload_last_successful"], 1);
  EXPECT_EQ(before["latchkey_reload_last_success_timestamp_seconds"], before["process_start_time_seconds"]);

  const std::string file = "login_failures_by_user = 2\nhash_queue = 8\nconnections = 100\ntombstones = 5\n";
  EXPECT_EQ(reload(file).status, kInPart);
  EXPECT_EQ(reload("hash_queue = 0\n").status, kRefused);
  const Scrape after(admin);
  for (const auto& [series, value] : before.samples()) {
    if (series.find("_total") != std::string::npos || series.find("_bucket") != std::string::npos) {
      EXPECT_GE(after[series], value) << series;
    }
  }
  EXPECT_EQ(after["latchkey_hash_queue_limit"], 8);
  EXPECT_EQ(after["latchkey_connections_limit"], 100);
  EXPECT_EQ(after["latchkey_settings_pending_restart"], 1);
  EXPECT_EQ(after["latchkey_reload_last_successful"], 0);
  EXPECT_GT(after["latchkey_reload_last_success_timestamp_seconds"], after["process_start_time_seconds"]);
  EXPECT_EQ(after["latchkey_reloads_total{result=\"pending\"}"], 1);
  EXPECT_EQ(after["latchkey_reloads_total{result=\"refused\"}"], 1);
  EXPECT_EQ(after["latchkey_admin_requests_total{action=\"reload\",result=\"done\"}"], 1);
  EXPECT_EQ(after["latchkey_admin_requests_total{action=\"reload\",result=\"refused\"}"], 1);

  // The new terms count where the former ones did.
  EXPECT_EQ(use_token(open, token, "browser").status, 200);
  EXPECT_EQ(log_in(open, "browser", "nobody", "wrong").status, 400);
  EXPECT_EQ(log_in(open, "browser", "nobody", "wrong").status, 400);
  EXPECT_EQ(log_in(open, "browser", "nobody", "wrong").status, 429);
  expect_reloaded("login_failures_by_user = 2\n");
  const Scrape last(admin);
  EXPECT_EQ(last.sum("latchkey_throttled_total"), 2);
  EXPECT_EQ(last["latchkey_checks_total{result=\"admitted\"}"], 2);
  EXPECT_EQ(last["latchkey_login_refusals_total{reason=\"unknown_user\"}"], 3);
  EXPECT_EQ(last["latchkey_settings_pending_restart"], 0);
  EXPECT_EQ(last["latchkey_reload_last_successful"], 1);
}

TEST_F(Reload, ReachesTheNameAtAdminListenToo) {
  start("node = \"one\"\n", measured());
  HttpClient probe(admin_port(server_.process));
  EXPECT_EQ(probe.request("GET", "/healthz").value("X-API-Node"), "one");
  expect_reloaded("node = \"two\"\n");
  EXPECT_EQ(probe.request("GET", "/healthz").value("X-API-Node"), "two");
}

TEST_F(Reload, WithoutAServerSaysSo) {
  server_.process.stop();
  const Finished refused = reload();
  EXPECT_EQ(refused.status, kRefused);
  EXPECT_TRUE(holds(refused.errors, "no server runs on")) << refused.errors;
}

TEST_F(Reload, IsWhatAHangUpNames) {
  server_.process.signal(SIGHUP);
  EXPECT_TRUE(server_.process.wait_for_log("remedy=\"to go by changed settings, run `latchkey --data " +
                                           data().string() + " reload FILE`\""))
      << server_.process.log();
}

/// A hundred are enough for what happens at each; a release is tested with ten times as many.
int reloads_under_load() {
  constexpr int kReloads = 100;
  const char* const wanted = std::getenv("LATCHKEY_TEST_RELOADS");
  return wanted == nullptr ? kReloads : std::stoi(wanted);
}

/// Clients that go on until they are told to stop. Each answer must be whole and right.
class Load {
 public:
  explicit Load(std::uint16_t port) {
    for (int i = 0; i < kClients; ++i) threads_.emplace_back([this, port, i] { run(port, i); });
  }
  ~Load() { stop(); }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  void stop() {
    stopping_ = true;
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }
  int answered() const noexcept { return answered_; }
  int lost() const noexcept { return lost_; }

 private:
  static constexpr int kClients = 4;
  static constexpr int kChecksOfAConnection = 50;

  /// Checks on connections that stay for a while, and a login on each, which is under way when settings
  /// change.
  void run(std::uint16_t port, int number) {
    const std::string agent = "agent-" + std::to_string(number);
    while (!stopping_) {
      try {
        HttpClient client(port);
        const Response login = log_in(client, agent);
        count(login.status == 200);
        const std::string token = token_in(login);
        for (int i = 0; i < kChecksOfAConnection && !stopping_; ++i) {
          count(use_token(client, token, agent).status == 200);
        }
      } catch (const ClientError&) {
        count(false);
      }
    }
  }
  void count(bool is_right) noexcept { ++(is_right ? answered_ : lost_); }

  std::atomic<bool> stopping_ = false;
  std::atomic<int> answered_ = 0;
  std::atomic<int> lost_ = 0;
  std::vector<std::thread> threads_;
};

TEST_F(Reload, UnderLoadLosesNoRequestHoweverOften) {
  const int reloads = reloads_under_load();
  constexpr int kByTheCommandOnceIn = 20;
  Load load(server_.process.port());
  for (int i = 1; i <= reloads; ++i) {
    const std::string node = "node-" + std::to_string(i);
    replace_file("node = \"" + node + "\"\nidle_timeout = \"" + std::to_string(60 + i % 2) + "s\"\n");
    if (i % kByTheCommandOnceIn == 0) {
      ASSERT_EQ(reload().status, kDone) << i;
    } else {
      const OpenFile opened(file(), O_RDONLY);
      const std::string answer = pass(admin_socket(), {opened.fd()});
      ASSERT_TRUE(holds(answer, "\"applied\":[\"node\",\"idle_timeout\"]")) << i << ": " << answer;
    }
    HttpClient fresh = client();
    ASSERT_EQ(node_at(fresh), node);
  }
  load.stop();
  EXPECT_EQ(load.lost(), 0);
  EXPECT_GT(load.answered(), reloads);
  RecordProperty("answered", load.answered());
}

}  // namespace
}  // namespace latchkey::test
