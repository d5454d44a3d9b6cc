// More than the server can serve: more logins than it can hash, more clients than it may hold, fewer
// descriptors than it wants. A client beyond a bound gets the answer that the contract defines, and a client
// within it notices nothing. Afterwards all is as before (P-14).
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "latchkey/base/sanitized.h"
#include "support/rig.h"

namespace latchkey::test {
namespace {

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;

/// A line of /proc/PID/status that is a size: `VmRSS`, `VmHWM`.
std::size_t memory_bytes(pid_t pid, const std::string& name) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  std::string word;
  while (status >> word) {
    if (word != name + ":") continue;
    std::size_t kilobytes = 0;
    status >> kilobytes;
    return kilobytes * kKiB;
  }
  throw std::runtime_error("no " + name + " in the process's status");
}

/// How much the settings let a server of one core and one hash thread grow while it serves. Each connection
/// holds a head, a body and a little of its own. The worker and its standby hold one hash each. The kernel's
/// receive buffers are a fixed set.
struct MemorySettings {
  std::size_t connections = 400;
  std::size_t hash_memory = std::size_t{2} * 19 * kMiB;
  std::size_t head_limit = 32 * kKiB;
  std::size_t body_limit = 64 * kKiB;

  std::size_t most_growth() const {
    constexpr std::size_t kOwnOfConnection = 8 * kKiB;
    constexpr std::size_t kReceiveBuffers = 4 * kMiB;
    // Stacks, logs, and SQLite's cache.
    constexpr std::size_t kOther = 16 * kMiB;
    return connections * (head_limit + body_limit + kOwnOfConnection) + hash_memory + kReceiveBuffers +
           kOther;
  }
};

/// A client that is admitted repeatedly on its own connection until it is stopped.
class SteadyClient {
 public:
  explicit SteadyClient(std::uint16_t port) : client_(port), token_(obtain_token(client_, "steady")) {
    thread_ = std::thread([this] { run(); });
  }
  ~SteadyClient() { stop(); }
  SteadyClient(const SteadyClient&) = delete;
  SteadyClient& operator=(const SteadyClient&) = delete;

  void stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }
  int admitted() const { return admitted_; }

 private:
  void run() {
    try {
      while (!stopping_) {
        const Response response = use_token(client_, token_, "steady");
        EXPECT_EQ(response.status, 200) << response.body;
        ++admitted_;
      }
    } catch (const std::exception& error) {
      ADD_FAILURE() << "a client in the middle of its checks: " << error.what();
    }
  }

  HttpClient client_;
  std::string token_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> admitted_ = 0;
  std::thread thread_;
};

/// Counts the answers to logins by status, and compares each with what the contract defines.
class Answers {
 public:
  void take(const Response& response) {
    const std::lock_guard lock(mutex_);
    ++by_status_[response.status];
    if (response.status == 200) return;
    EXPECT_TRUE(response.status == 429 || response.status == 503) << response.status << ' ' << response.body;
    EXPECT_TRUE(response.body.starts_with(R"({"detail":")")) << response.body;
    EXPECT_GE(std::stoi(response.value("Retry-After")), 1);
  }
  std::size_t with(int status) { return by_status_[status]; }

 private:
  std::mutex mutex_;
  std::map<int, std::size_t> by_status_;
};

std::vector<HttpClient> slow_clients(std::uint16_t port, std::size_t count) {
  const std::string heads[] = {
      "GET /api/v2/ping/ HTTP/1.1\r\nHost: localhost\r\nX: ",
      "POST /api/v2/authtoken/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n" +
          std::string(30'000, ' ')};
  std::vector<HttpClient> clients;
  for (std::size_t i = 0; i < count; ++i) {
    clients.emplace_back(port);
    clients.back().send(heads[i % std::size(heads)]);
  }
  return clients;
}

TEST(Storm, OfLoginsBesideSlowClientsLeavesChecksAloneAndPassesWithoutATrace) {
  constexpr std::size_t kQueue = 8;
  constexpr std::size_t kSlow = 200;
  constexpr std::size_t kStorming = 10 * (kQueue + 2);  // two more are at the worker
  constexpr int kLoginsEach = 3;
  const MemorySettings bounds;
  ServerOptions options;
  options.cheap_hashes = false;
  options.throttle = true;
  options.flags = {"--hash-threads",
                   "1",
                   "--hash-queue",
                   std::to_string(kQueue),
                   "--login-failures-by-user",
                   "0",
                   "--login-failures-by-address",
                   "3",
                   "--header-timeout",
                   "1h",
                   "--body-timeout",
                   "1h",
                   "--connections",
                   std::to_string(bounds.connections)};
  OwnServer server(options);
  const std::uint16_t port = server.process.port();
  SteadyClient steady(port);
  const std::size_t at_rest = memory_bytes(server.process.pid(), "VmRSS");

  std::vector<HttpClient> slow = slow_clients(port, kSlow);
  std::atomic<bool> is_over = false;
  std::thread dribbling([&] {
    try {
      while (!is_over) {
        for (HttpClient& client : slow) client.send("x");
      }
    } catch (const std::exception& error) {
      ADD_FAILURE() << "a slow client: " << error.what();
    }
  });
  Answers answers;
  const int admitted_before = steady.admitted();
  // Half come from one address, which the throttle bounds, and each of the others from its own.
  at_once(kStorming, [&](std::size_t i) {
    HttpClient client(port, "127.0.1." + std::to_string(i % 2 == 0 ? 1 : i + 1));
    for (int n = 0; n < kLoginsEach; ++n) answers.take(log_in(client, "storm" + std::to_string(i)));
  });
  EXPECT_GT(steady.admitted(), admitted_before);
  // While the others are still there, and without a wait: with its last answer the storm leaves nothing
  // behind.
  HttpClient later(port);
  EXPECT_EQ(use_token(later, obtain_token(later, "later"), "later").status, 200);
  is_over = true;
  dribbling.join();
  steady.stop();

  EXPECT_GE(answers.with(200), 1U);
  EXPECT_GE(answers.with(429), 1U);
  EXPECT_GE(answers.with(503), 1U);
  EXPECT_EQ(answers.with(200) + answers.with(429) + answers.with(503), kStorming * kLoginsEach);
  if (!kSanitized) {
    EXPECT_LE(memory_bytes(server.process.pid(), "VmHWM"), at_rest + bounds.most_growth());
    EXPECT_LE(memory_bytes(server.process.pid(), "VmRSS"),
              at_rest + bounds.most_growth() - bounds.hash_memory);
  }
}

/// Whether a new connection is served now.
bool is_let_in(std::uint16_t port) {
  try {
    HttpClient client(port);
    return client.request("GET", "/api/v2/ping/").status == 200;
  } catch (const ClientError&) {
    return false;
  }
}

bool comes_to_be_let_in(std::uint16_t port) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < end) {
    if (is_let_in(port)) return true;
  }
  return false;
}

std::vector<HttpClient> served_clients(std::uint16_t port, std::size_t count) {
  std::vector<HttpClient> clients;
  for (std::size_t i = 0; i < count; ++i) {
    clients.emplace_back(port);
    EXPECT_EQ(clients.back().request("GET", "/api/v2/ping/").status, 200);
  }
  return clients;
}

TEST(Connections, TenTimesTheSettingAreClosedAtOnceAndThoseInsideServed) {
  constexpr std::size_t kConnections = 20;
  ServerOptions options;
  options.flags = {"--connections", std::to_string(kConnections)};
  OwnServer server(options);
  const std::uint16_t port = server.process.port();
  SteadyClient steady(port);
  std::vector<HttpClient> inside = served_clients(port, kConnections - 1);
  ASSERT_FALSE(is_let_in(port)) << "there is no bound";
  for (int round = 0; round < 3; ++round) {
    at_once(10 * kConnections, [&](std::size_t) {
      HttpClient outside(port);
      EXPECT_EQ(outside.read_to_end(), "");
    });
    for (HttpClient& client : inside) EXPECT_EQ(client.request("GET", "/api/v2/ping/").status, 200);
  }
  // The administrator gets in even when nobody else does.
  const Finished listed = run_latchkey(server.process.data(), {"user", "list"});
  EXPECT_EQ(listed.status, 0) << listed.errors;
  EXPECT_FALSE(is_let_in(port));
  inside.clear();
  EXPECT_TRUE(comes_to_be_let_in(port)) << "places that are free again are not given to others";
  steady.stop();
}

/// Connections to the admin socket that send nothing.
class AdminConnections {
 public:
  AdminConnections(const std::filesystem::path& data, std::size_t count) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    (data / "admin.sock").native().copy(name.sun_path, sizeof name.sun_path - 1);
    for (std::size_t i = 0; i < count; ++i) {
      sockets_.push_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
      EXPECT_EQ(::connect(sockets_.back(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
    }
  }
  ~AdminConnections() {
    for (const int socket : sockets_) ::close(socket);
  }
  AdminConnections(const AdminConnections&) = delete;
  AdminConnections& operator=(const AdminConnections&) = delete;

 private:
  std::vector<int> sockets_;
};

TEST(Connections, OfOneAddressAreBoundedAndOthersNoticeNothing) {
  constexpr std::size_t kOfAnAddress = 5;
  ServerOptions options;
  options.flags = {"--connections-by-address", std::to_string(kOfAnAddress),
                   "--counted-networks",       "127.0.0.1,127.0.0.2",
                   "--trusted-proxy",          "127.0.0.9/32",
                   "--proxy-listen",           "127.0.0.1:0"};
  OwnServer server(options);
  const std::uint16_t port = server.process.port();
  std::vector<HttpClient> inside = served_clients(port, kOfAnAddress);
  ASSERT_FALSE(is_let_in(port)) << "there is no bound";
  for (std::size_t i = 0; i < 2 * kOfAnAddress; ++i) {
    HttpClient outside(port);
    EXPECT_EQ(outside.read_to_end(), "");
  }
  for (HttpClient& client : inside) EXPECT_EQ(client.request("GET", "/api/v2/ping/").status, 200);
  // A proxy brings many clients, whichever listener it uses.
  std::vector<HttpClient> by_proxy;
  for (std::size_t i = 0; i < 2 * kOfAnAddress; ++i) {
    by_proxy.emplace_back(port, "127.0.0.9");
    by_proxy.emplace_back(server.process.proxy_port(), "127.0.0.9");
    by_proxy.back().send("PROXY TCP4 203.0.113." + std::to_string(i) + " 203.0.113.9 40000 80\r\n");
  }
  for (HttpClient& client : by_proxy) EXPECT_EQ(client.request("GET", "/api/v2/ping/").status, 200);
  HttpClient other(port, "127.0.0.2");
  EXPECT_EQ(other.request("GET", "/api/v2/ping/").status, 200);
  const AdminConnections admins(server.process.data(), 2 * kOfAnAddress);
  EXPECT_EQ(run_latchkey(server.process.data(), {"user", "list"}).status, 0);
  inside.clear();
  EXPECT_TRUE(comes_to_be_let_in(port)) << "places that are free again are not given to the same address";
}

/// How many of the process's descriptors are below `limit`. It got others before there was a limit.
std::size_t descriptors(pid_t pid, std::size_t limit) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
    if (std::stoul(entry.path().filename()) < limit) ++count;
  }
  return count;
}

/// A server that has no descriptor left. It holds as many clients as it could take, and others wait outside
/// with a request.
class NoDescriptors : public ::testing::Test {
 protected:
  static constexpr std::size_t kDescriptors = 64;

  static ServerOptions few_descriptors() {
    ServerOptions options;
    options.descriptors = kDescriptors;
    return options;
  }

  void SetUp() override {
    // UndefinedBehaviorSanitizer asks the kernel through a pipe whether it may read an object.
    if (kAddressSanitized) GTEST_SKIP() << "the sanitizer needs descriptors itself";
    server_.emplace(few_descriptors());
    const std::uint16_t port = server_->process.port();
    steady_.emplace(port);
    inside_ = served_clients(port, kDescriptors - descriptors(server_->process.pid(), kDescriptors));
    for (int i = 0; i < 100; ++i) {
      outside_.emplace_back(port);
      outside_.back().send(request_bytes("GET", "/api/v2/ping/"));
    }
    ASSERT_TRUE(server_->process.wait_for_log("event=accept.failed")) << server_->process.log();
    EXPECT_EQ(descriptors(server_->process.pid(), kDescriptors), kDescriptors);
    expect_those_inside_served();
    EXPECT_FALSE(outside_.front().has_answer_within(std::chrono::milliseconds(0)));
  }

  /// Expects checks, logins and deletions to work as usual.
  void expect_those_inside_served() {
    HttpClient& client = inside_.front();
    const std::string token = obtain_token(client, "inside");
    EXPECT_EQ(use_token(client, token, "inside").status, 200);
    EXPECT_EQ(end_token(client, token, "inside").status, 204);
    EXPECT_EQ(refusal_of(use_token(client, token, "inside")), "Token is expired");
  }

  std::optional<OwnServer> server_;
  std::optional<SteadyClient> steady_;
  std::vector<HttpClient> inside_;
  std::vector<HttpClient> outside_;
};

TEST_F(NoDescriptors, WhoLeavesGivesHisPlaceToOneWhoWaits) {
  while (inside_.size() > 1) inside_.pop_back();
  // There are fewer places than clients that wait. Each place goes to another when its client was served and
  // has left.
  for (HttpClient& client : outside_) {
    EXPECT_EQ(client.receive().status, 200);
    client.reset();
  }
  expect_those_inside_served();
}

TEST_F(NoDescriptors, TheServerStopsInOrder) {
  steady_->stop();
  EXPECT_EQ(server_->process.stop(), 0) << server_->process.log();
}

}  // namespace
}  // namespace latchkey::test
