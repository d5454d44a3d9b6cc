// What load balancers and a service manager are told of the server's health, in each stage of its life, at
// admin_listen and by the watchdog.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "integration/probe/probe_page.h"
#include "integration/probe/spin.h"
#include "latchkey/base/sanitized.h"
#include "support/admin_listen.h"
#include "support/control_page.h"
#include "support/rig.h"

namespace latchkey::test {
namespace {

constexpr const char* kProbeLibrary = "SANDBOX_PROBE_LIBRARY";
constexpr std::size_t kMostConnections = 16;

ServerOptions with_health(std::vector<std::string> flags = {}) {
  ServerOptions options = measured(std::move(flags));
  options.cores = 2;
  return options;
}

Response ask(std::uint16_t port, const std::string& path, const std::string& method = "GET") {
  HttpClient client(port);
  return client.request(method, path);
}

/// Asks until the body contains `text`, or patience ends. Returns the last answer.
Response ask_until(std::uint16_t port, const std::string& path, const std::string& text) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (true) {
    try {
      Response response = ask(port, path);
      if (response.body.find(text) != std::string::npos || std::chrono::steady_clock::now() > end)
        return response;
    } catch (const ClientError&) {
      if (std::chrono::steady_clock::now() > end) throw;
    }
  }
}

TEST(Health, IsAnsweredAtItsOwnListenerInJsonAndInText) {
  OwnServer server(with_health());
  const std::uint16_t port = admin_port(server.process);
  for (const std::string path : {"/healthz", "/livez"}) {
    const Response alive = ask(port, path);
    EXPECT_EQ(alive.status, 200) << path;
    EXPECT_EQ(alive.body, R"({"status":"ok"})");
    EXPECT_EQ(alive.value("Cache-Control"), "no-store");
  }
  EXPECT_EQ(ask(port, "/healthz?verbose").body, "ok\nloop: the main thread's turns\n");
  const Response ready = ask(port, "/readyz");
  EXPECT_EQ(ready.status, 200);
  EXPECT_EQ(ready.body, R"({"status":"ready"})");
  const Response parts = ask(port, "/readyz?verbose");
  EXPECT_EQ(parts.status, 200);
  EXPECT_TRUE(parts.body.starts_with("ready\ncore 0: answered 0.")) << parts.body;
  EXPECT_NE(parts.body.find("\ncore 1: answered 0."), std::string::npos) << parts.body;
  EXPECT_NE(parts.body.find("\nstore: committed "), std::string::npos) << parts.body;
}

TEST(Health, TakesGetAndHeadOfItsPathsAndNothingElse) {
  OwnServer server(with_health());
  const std::uint16_t port = admin_port(server.process);
  HttpClient client(port);
  client.send(request_bytes("HEAD", "/readyz"));
  const Response head = client.receive(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.value("Content-Length"), "18");
  EXPECT_EQ(client.request("GET", "/healthz").status, 200) << "the connection goes on";
  const Response posted = ask(port, "/readyz", "POST");
  EXPECT_EQ(posted.status, 405);
  EXPECT_EQ(posted.value("Allow"), "GET, HEAD");
  for (const std::string path : {"/", "/readyz/", "/api/v2/ping/", "/auth/verify", "/metrics/x"})
    EXPECT_EQ(ask(port, path).status, 404) << path;
  // Nor does any other listener answer for health.
  for (const std::string path : {"/healthz", "/readyz", "/metrics"})
    EXPECT_EQ(ask(server.process.port(), path).status, 404) << path;
}

TEST(Health, IsSwitchedOffByDefaultAndWarnsOfAnAddressThatOthersMayReach) {
  OwnServer silent;
  EXPECT_EQ(silent.process.log().find("(health and metrics)"), std::string::npos);
  ServerOptions options;
  options.flags = {"--admin-listen", "0.0.0.0:0"};
  OwnServer open(options);
  const auto line = open.process.wait_for_log("event=admin_listen.public");
  ASSERT_TRUE(line);
  EXPECT_NE(line->find("level=warning"), std::string::npos) << *line;
  OwnServer near(with_health());
  EXPECT_EQ(near.process.stop(), 0);
  EXPECT_EQ(near.process.log().find("admin_listen.public"), std::string::npos);
}

TEST(Health, IsNeverLogged) {
  OwnServer server(with_health());
  server.process.start_again();
  EXPECT_EQ(server.process.stop(), 0);
  const std::string before = server.process.log();
  server.process.start_again();
  for (int i = 0; i < 5; ++i) {
    for (const std::string path : {"/healthz", "/readyz", "/metrics", "/nothing"})
      ask(admin_port(server.process), path);
  }
  EXPECT_EQ(server.process.stop(), 0);
  const std::string log = server.process.log();
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), std::count(before.begin(), before.end(), '\n')) << log;
}

TEST(Health, SaysReadyWhenADiskRefusesBecauseChecksGoOn) {
  OwnServer server(with_health());
  const std::uint16_t port = admin_port(server.process);
  HttpClient client(server.process.port());
  const std::string token = obtain_token(client, "kept");
  server.process.fill_disk();
  EXPECT_EQ(log_in(client, "another").status, 503);
  const Response degraded = ask(port, "/readyz");
  EXPECT_EQ(degraded.status, 200);
  EXPECT_EQ(degraded.body, R"({"status":"degraded","logins":"refused: the disk refused the last commit"})");
  EXPECT_EQ(use_token(client, token, "kept").status, 200);
  server.process.free_disk();
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (log_in(client, "another").status != 200 && std::chrono::steady_clock::now() < end) {
  }
  EXPECT_EQ(ask(port, "/readyz").body, R"({"status":"ready"})");
}

TEST(Health, IsAnsweredWhileTheServerHasAsManyConnectionsAsItMay) {
  OwnServer server(with_health({"--connections", "2"}));
  std::vector<HttpClient> clients;
  for (int i = 0; i < 8; ++i) clients.emplace_back(server.process.port());
  EXPECT_EQ(ask(admin_port(server.process), "/readyz").status, 200);
}

TEST(Health, IsAnsweredWhileTheCoresHaveEveryOtherDescriptor) {
  if (kAddressSanitized) GTEST_SKIP() << "the sanitizer needs descriptors itself";
  ServerOptions options = with_health();
  options.descriptors = 96;
  OwnServer server(options);
  std::vector<HttpClient> clients;
  for (int i = 0; i < 200; ++i) clients.emplace_back(server.process.port());
  ASSERT_TRUE(server.process.wait_for_log("the descriptors have run out")) << server.process.log();
  std::vector<HttpClient> askers;
  for (std::size_t i = 0; i < kMostConnections; ++i) {
    askers.emplace_back(admin_port(server.process));
    EXPECT_EQ(askers.back().request("GET", "/readyz").status, 200) << i;
  }
}

TEST(Health, ServesSixteenConnectionsAndClosesOneMore) {
  OwnServer server(with_health());
  const std::uint16_t port = admin_port(server.process);
  std::vector<HttpClient> inside;
  for (std::size_t i = 0; i < kMostConnections; ++i) {
    inside.emplace_back(port);
    EXPECT_EQ(inside.back().request("GET", "/healthz").status, 200);
  }
  HttpClient outside(port);
  EXPECT_EQ(outside.read_to_end(), "");
  for (HttpClient& client : inside) EXPECT_EQ(client.request("GET", "/readyz").status, 200);
  inside.pop_back();
  EXPECT_EQ(ask_until(port, "/healthz", "ok").status, 200) << "a place that is free again is given to nobody";
  HttpClient(server.process.port()).request("GET", "/api/v2/ping/");
}

TEST(Health, OpenConnectionsDoNotKeepTheServerFromStopping) {
  OwnServer server(with_health());
  HttpClient idle(admin_port(server.process));
  EXPECT_EQ(idle.request("GET", "/healthz").status, 200);
  HttpClient halfway(admin_port(server.process));
  halfway.send("GET /healthz HTTP/1.1\r\nHost:");
  EXPECT_EQ(server.process.stop(), 0) << server.process.log();
}

TEST(Health, SaysThatItDrainsForDrainDelayWhileEverybodyIsServedAsBefore) {
  OwnServer server(with_health({"--drain-delay", "1h"}));
  const std::uint16_t port = admin_port(server.process);
  HttpClient old(server.process.port());
  const std::string token = obtain_token(old, "browser");
  server.process.terminate();
  const Response draining = ask_until(port, "/readyz", "draining");
  EXPECT_EQ(draining.status, 503);
  EXPECT_EQ(draining.body, R"({"status":"draining"})");
  EXPECT_EQ(ask(port, "/healthz").status, 200);
  HttpClient client(server.process.port());
  EXPECT_EQ(use_token(client, token, "browser").status, 200);
  const Response last = use_token(old, token, "browser");
  EXPECT_EQ(last.status, 200);
  EXPECT_EQ(last.lines("Connection"), 0U);
  server.process.kill();
}

/// A port of loopback that nobody holds: below those that the kernel gives to outgoing connections.
std::uint16_t free_port() {
  std::random_device random;
  std::uniform_int_distribution<std::uint16_t> ports(20'000, 31'999);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (;;) {
    address.sin_port = htons(ports(random));
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool is_free = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(fd);
    if (is_free) return ntohs(address.sin_port);
  }
}

class HealthFromInside : public ::testing::Test {
 protected:
  void SetUp() override {
    if (kSanitized) GTEST_SKIP() << "the probe and the sanitizers replace the same functions";
  }

  std::vector<std::string> environment() const {
    return page_.environment(kProbeLibrary, kProbePageVariable);
  }

  TemporaryDirectory directory_;
  ControlPage<ProbePage> page_{directory_ / "page"};
};

TEST_F(HealthFromInside, WhileSessionsAreLoadedItIsAliveAndNotReady) {
  const TemporaryDirectory directory;
  add_user(directory / "data", kUser, kPassword);
  page_->hold_load = 1;
  const std::uint16_t port = free_port();
  ServerOptions options;
  options.environment = environment();
  options.flags = {"--admin-listen", "127.0.0.1:" + std::to_string(port)};
  ChildProcess server(server_command(directory / "data", options));
  const Response loading = ask_until(port, "/readyz", "loading");
  EXPECT_EQ(loading.status, 503);
  EXPECT_EQ(loading.body, R"({"status":"loading"})");
  EXPECT_EQ(ask(port, "/healthz").status, 200);
  EXPECT_NE(ask(port, "/metrics").body.find("\nlatchkey_ready 0\n"), std::string::npos);
  page_->hold_load = 0;
  EXPECT_EQ(ask_until(port, "/readyz", "ready").status, 200);
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait(), 0) << server.errors();
}

/// A service manager that wants to hear WATCHDOG=1 every 400 ms.
class Watchdog : public HealthFromInside {
 protected:
  void SetUp() override {
    HealthFromInside::SetUp();
    if (IsSkipped()) return;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    (directory_ / "notify").string().copy(address.sun_path, sizeof address.sun_path - 1);
    manager_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(::bind(manager_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    std::filesystem::permissions(directory_.path(), std::filesystem::perms::all);
    std::filesystem::permissions(directory_ / "notify", std::filesystem::perms::all);
    ServerOptions options = with_health();
    options.environment = environment();
    options.environment.push_back("NOTIFY_SOCKET=" + (directory_ / "notify").string());
    options.environment.push_back("WATCHDOG_USEC=400000");
    server_.emplace(options);
  }
  void TearDown() override {
    page_->task = ProbeTask::kNone;
    if (manager_ >= 0) ::close(manager_);
  }

  /// Waits for one message; empty if none comes within this time.
  std::string hear(std::chrono::milliseconds time) const {
    const timeval patience{time.count() / 1000, time.count() % 1000 * 1000};
    ::setsockopt(manager_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    std::array<char, 128> text{};
    const ssize_t bytes = ::recv(manager_, text.data(), text.size(), 0);
    return std::string(text.data(), bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
  }
  bool hears_feed() const {
    std::string heard = hear(kPatience);
    while (!heard.empty() && heard != "WATCHDOG=1") heard = hear(kPatience);
    return heard == "WATCHDOG=1";
  }
  std::size_t drain() const {
    std::size_t heard = 0;
    while (!hear(std::chrono::milliseconds(1)).empty()) ++heard;
    return heard;
  }

  int manager_ = -1;
  std::optional<OwnServer> server_;
};

TEST_F(Watchdog, IsFedAgainAndAgainWhileAllCoresAnswer) {
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(hears_feed()) << i;
}

TEST_F(Watchdog, IsNotFedWhileOneCoreSpinsAndTheServerIsNotReady) {
  ASSERT_TRUE(hears_feed());
  spin_thread(page_, server_->process.pid(), "core-1");
  // An answer that was on its way may feed it once more.
  while (!hear(std::chrono::seconds(1)).empty()) {
  }
  // The manager would end the server long before this is said.
  const Response stuck = ask_until(admin_port(server_->process), "/readyz", "stuck");
  EXPECT_EQ(stuck.status, 503);
  EXPECT_EQ(stuck.body, R"({"status":"stuck","cores":[1]})");
  EXPECT_EQ(ask(admin_port(server_->process), "/healthz").status, 200) << "the loop that answers turns";
  EXPECT_EQ(drain(), 0U) << "it was fed although a core did not answer";
  page_->task = ProbeTask::kNone;
  EXPECT_TRUE(hears_feed()) << "all cores answer again";
  EXPECT_EQ(ask_until(admin_port(server_->process), "/readyz", "ready").status, 200);
}

TEST_F(Watchdog, IsFedWhileTheStoreDoesNotMoveBecauseARestartMendsNoDisk) {
  ASSERT_TRUE(hears_feed());
  spin_thread(page_, server_->process.pid(), "store");
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(hears_feed()) << i;
  EXPECT_EQ(ask(admin_port(server_->process), "/readyz").status, 200);
}

}  // namespace
}  // namespace latchkey::test
