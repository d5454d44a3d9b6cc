// A restart by a service manager that keeps the listening sockets: nobody is refused. The manager is
// tests/support/service_manager.h, which speaks systemd's protocol.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "restart_load.h"
#include "support/rig.h"
#include "support/service_manager.h"

namespace latchkey::test {
namespace {

constexpr const char* kAgent = "load";
constexpr const char* kPingPath = "/api/v2/ping/";

/// A port of 127.0.0.1 that was free a moment ago.
std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  ::inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  socklen_t size = sizeof address;
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("no free port");
  }
  ::close(fd);
  return ntohs(address.sin_port);
}

std::string at(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

/// A directory with as many tokens as a restart is to load (bench/rig/scale_database.cc), if one is named.
std::filesystem::path data_or(const std::filesystem::path& otherwise) {
  const char* const named = std::getenv("LATCHKEY_TEST_DATA");
  return named == nullptr ? otherwise : std::filesystem::path(named);
}

class Upgrade : public ::testing::Test {
 protected:
  Upgrade() { add_user(data_, kUser, kPassword); }

  /// A server of so many cores that listens at the port of all, and with these flags.
  ChildOptions command(int cores, std::vector<std::string> flags = {}) {
    flags.insert(flags.end(), {"--listen", at(port_), "--keep-sockets"});
    return server_command(data_, {.cores = cores, .flags = std::move(flags)});
  }

  HttpClient client() { return HttpClient(port_); }

  /// As many new connections as find every core's socket.
  void expect_all_answered(const Door& door) {
    constexpr int kEnoughForEverySocket = 64;
    for (int i = 0; i < kEnoughForEverySocket; ++i) {
      HttpClient fresh(door);
      ASSERT_EQ(fresh.request("GET", kPingPath).status, 200) << i;
    }
  }

  std::vector<std::string> names(std::size_t sockets) const {
    std::vector<std::string> all(sockets, "tcp-127.0.0.1_" + std::to_string(port_));
    return all;
  }

  TemporaryDirectory directory_;
  const std::filesystem::path data_ = data_or(directory_ / "data");
  const std::uint16_t port_ = free_port();
  ServiceManager manager_;
};

TEST_F(Upgrade, WhoeverConnectsMeanwhileWaitsAndIsAnswered) {
  manager_.start(command(2));
  EXPECT_EQ(manager_.kept_names(), names(2));
  std::vector<HttpClient> waiting;
  const int status = manager_.restart(command(2), [&] {
    for (int i = 0; i < 16; ++i) {
      waiting.push_back(client());
      waiting.back().send(request_bytes("GET", kPingPath));
    }
  });
  EXPECT_EQ(status, 0);
  for (HttpClient& each : waiting) EXPECT_EQ(each.receive().status, 200);
  EXPECT_EQ(manager_.kept_names(), names(2)) << "what is kept already is not given again";
}

TEST_F(Upgrade, WithAnotherNumberOfCoresServesEverySocketThatWasKept) {
  manager_.start(command(4));
  std::size_t most = 4;
  for (const int cores : {2, 5, 1, 3}) {
    EXPECT_EQ(manager_.restart(command(cores)), 0);
    most = std::max(most, static_cast<std::size_t>(cores));
    EXPECT_EQ(manager_.kept_names(), names(most));
    expect_all_answered(port_);
  }
}

TEST_F(Upgrade, KeepsUnixSocketsWithTheModeThatTheSettingsSay) {
  const std::string path = (directory_ / "http.sock").string();
  const auto with_socket = [&](const char* mode) {
    return command(2, {"--listen", "unix:" + path, "--unix-mode", mode});
  };
  manager_.start(with_socket("0660"));
  std::optional<HttpClient> waiting;
  manager_.restart(with_socket("0666"), [&] {
    waiting.emplace(path);
    waiting->send(request_bytes("GET", kPingPath));
  });
  EXPECT_EQ(waiting->receive().status, 200);
  EXPECT_EQ(std::filesystem::status(path).permissions(), static_cast<std::filesystem::perms>(0666));
  expect_all_answered(path);
  // Where its file is gone nobody could reach it.
  manager_.restart(with_socket("0666"), [&] { std::filesystem::remove(path); });
  expect_all_answered(path);
  EXPECT_EQ(manager_.kept_names().size(), 3U);
}

TEST_F(Upgrade, GivesUpASocketThatTheSettingsNoLongerName) {
  const std::uint16_t other = free_port();
  manager_.start(command(2, {"--listen", at(other)}));
  EXPECT_EQ(manager_.kept_names().size(), 4U);
  manager_.restart(command(2));
  EXPECT_EQ(manager_.kept_names(), names(2));
  EXPECT_THROW(HttpClient{other}, ClientError);
  expect_all_answered(port_);
}

TEST_F(Upgrade, AfterACrashGoesOnWithTheSockets) {
  manager_.start(command(2));
  manager_.crash_and_restart(command(2));
  EXPECT_EQ(manager_.kept_names(), names(2));
  expect_all_answered(port_);
}

TEST_F(Upgrade, ServesASocketThatTheManagerMadeOnAllCores) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  ::inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  const int on = 1;
  ASSERT_EQ(::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(fd, 128), 0);
  manager_.bring("latchkeyd.socket", fd);
  for (const int cores : {3, 1}) {
    if (cores == 3) {
      manager_.start(server_command(data_, {.cores = cores, .flags = {"--listen", at(port_)}}));
    } else {
      manager_.restart(server_command(data_, {.cores = cores, .flags = {"--listen", at(port_)}}));
    }
    expect_all_answered(port_);
    EXPECT_EQ(manager_.kept_names(), std::vector<std::string>{"latchkeyd.socket"});
  }
}

TEST_F(Upgrade, WithoutKeepSocketsNothingIsKeptAndAStopRefusesAtOnce) {
  const auto plain = [&] { return server_command(data_, {.cores = 2, .flags = {"--listen", at(port_)}}); };
  manager_.start(plain());
  EXPECT_TRUE(manager_.kept_names().empty());
  HttpClient idle = client();
  EXPECT_EQ(idle.request("GET", kPingPath).status, 200);
  manager_.restart(plain(), [&] {
    EXPECT_TRUE(idle.is_closed_by_server());
    EXPECT_THROW(client(), ClientError);
  });
}

TEST_F(Upgrade, AConnectionWithoutARequestGetsOneMoreAnswerThatSaysItIsTheLast) {
  manager_.start(command(1));
  HttpClient idle = client();
  EXPECT_EQ(idle.request("GET", kPingPath).status, 200);
  HttpClient fresh = client();
  HttpClient silent = client();
  // Until the server has this answer's request, it has accepted the others.
  HttpClient last = client();
  EXPECT_EQ(last.request("GET", kPingPath).status, 200);
  manager_.main_process().signal(SIGTERM);
  ASSERT_TRUE(manager_.main_process().wait_for_line("event=server.stopping"));
  for (HttpClient* const each : {&idle, &fresh, &last}) {
    const Response answer = each->request("GET", kPingPath);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.value("Connection"), "close");
    EXPECT_TRUE(each->is_closed_by_server());
  }
  EXPECT_TRUE(silent.is_closed_by_server());
  EXPECT_EQ(manager_.main_process().wait(), 0);
  manager_.start(command(1));
}

TEST_F(Upgrade, TheNewBinaryChecksBeforeTheOldOneStops) {
  manager_.start(command(2));
  ChildOptions check = command(2);
  check.arguments.emplace_back("--check");
  const Finished good = run_to_end(check);
  EXPECT_EQ(good.status, 0) << good.errors;
  check.arguments.insert(check.arguments.end(), {"--hash-queue", "0"});
  EXPECT_EQ(run_to_end(check).status, 1);
  expect_all_answered(port_);
}

// --- under load ---

/// Debian's nginx in front, as docs/proxies/nginx.md sets it up: it asks over connections that stay.
class Nginx {
 public:
  Nginx(const std::filesystem::path& directory, std::uint16_t port, std::uint16_t upstream) {
    std::filesystem::create_directories(directory / "html");
    std::filesystem::permissions(directory, std::filesystem::perms::owner_all |
                                                std::filesystem::perms::group_exec |
                                                std::filesystem::perms::others_exec);
    std::ofstream(directory / "html/index.html") << "guarded";
    const std::string folder = directory.string();
    std::ofstream(directory / "nginx.conf")
        << (::geteuid() == 0 ? "user root; " : "") << "daemon off; worker_processes 1; pid " << folder
        << "/pid; error_log stderr;\n"
        << "events { worker_connections 4096; }\n"
        << "http { access_log off; client_body_temp_path " << folder << "/body; proxy_temp_path " << folder
        << "/proxy; fastcgi_temp_path " << folder << "/f; uwsgi_temp_path " << folder << "/u; scgi_temp_path "
        << folder << "/s;\n"
        << "upstream latchkey { server 127.0.0.1:" << upstream << "; keepalive 64; }\n"
        << "server { listen 127.0.0.1:" << port << "; keepalive_requests 1000000; root " << folder
        << "/html;\n"
        << "location / { auth_request /question; }\n"
        << "location = /question { internal; proxy_pass http://latchkey/auth/verify;\n"
        << "proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_bind 127.0.0.250;\n"
        << "proxy_pass_request_body off; proxy_set_header Content-Length \"\";\n"
        << "proxy_set_header X-Forwarded-For $remote_addr;\n"
        << "proxy_set_header X-Original-URL $scheme://$http_host$request_uri; } } }\n";
    if (!std::filesystem::exists("/usr/sbin/nginx")) {
      throw std::runtime_error("there is no nginx: run tools/setup --dev");
    }
    ChildOptions command;
    command.arguments = {"/usr/sbin/nginx", "-p", folder, "-c", folder + "/nginx.conf"};
    process_ = std::make_unique<ChildProcess>(command);
    wait_until_it_listens(port);
  }
  ~Nginx() {
    process_->signal(SIGTERM);
    process_->wait();
  }

 private:
  void wait_until_it_listens(std::uint16_t port) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (process_->is_running() && std::chrono::steady_clock::now() < until) {
      try {
        const HttpClient probe(port);
        return;
      } catch (const ClientError&) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
    }
    throw std::runtime_error("nginx does not listen: " + process_->errors());
  }

  std::unique_ptr<ChildProcess> process_;
};

std::string check_request(const std::string& token, std::string_view path, bool is_last) {
  HeaderLines lines = {{"Authorization", "Token " + token}, {"User-Agent", kAgent}};
  if (is_last) lines.emplace_back("Connection", "close");
  return request_bytes("GET", path, lines);
}

void expect_nobody_lost(const char* who, const LoadCounts& counts) {
  std::cout << who << ": " << counts.answered << " answered, " << counts.refused << " refused, "
            << counts.reset << " reset, " << counts.wrong << " wrong, " << counts.too_late
            << " too late, longest " << counts.longest_ms << " ms\n";
  EXPECT_EQ(counts.refused, 0U) << who;
  EXPECT_EQ(counts.reset, 0U) << who;
  EXPECT_EQ(counts.wrong, 0U) << who << ": " << counts.first_wrong;
  EXPECT_EQ(counts.too_late, 0U) << who;
  EXPECT_GT(counts.answered, 0U) << who;
}

std::size_t number_from(const char* variable, std::size_t otherwise) {
  const char* const wanted = std::getenv(variable);
  return wanted == nullptr ? otherwise : std::stoul(wanted);
}

/// As many as an unoptimised build does on a busy machine. A release is tested with more of both.
TEST_F(Upgrade, UnderLoadRefusesNobodyHoweverOften) {
  constexpr int kSources = 12;
  constexpr std::size_t kKeptAlive = 64;
  const std::size_t restarts = number_from("LATCHKEY_TEST_RESTARTS", 4);
  const std::size_t connections_per_second = number_from("LATCHKEY_TEST_CONNECTIONS", 300);
  rlimit descriptors{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &descriptors), 0);
  descriptors.rlim_cur = descriptors.rlim_max;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &descriptors), 0);
  const auto with_proxy = [&](int cores) { return command(cores, {"--trusted-proxy", "127.0.0.250"}); };
  manager_.start(with_proxy(2));
  const std::uint16_t proxy_port = free_port();
  const Nginx nginx(directory_ / "nginx", proxy_port, port_);

  std::vector<LoadSource> sources;
  for (int i = 1; i <= kSources; ++i) {
    const std::string address = "127.0.0." + std::to_string(i);
    HttpClient from(port_, address);
    sources.push_back({address, check_request(obtain_token(from, kAgent), kVerifyPath, true)});
  }
  HttpClient direct(port_);
  const LoadSource through{"127.0.0.1", check_request(obtain_token(direct, kAgent), "/", false)};
  RestartLoad fresh = RestartLoad::new_connections(port_, sources, connections_per_second);
  RestartLoad kept = RestartLoad::kept_alive(proxy_port, through, kKeptAlive, std::chrono::milliseconds(100));
  for (std::size_t i = 0; i < restarts; ++i) {
    // The number of cores changes too.
    ASSERT_EQ(manager_.restart(with_proxy(2 - static_cast<int>(i % 2))), 0)
        << manager_.main_process().errors();
    // Those who waited in the queues come before these.
    expect_all_answered(port_);
  }
  expect_nobody_lost("new connections", fresh.stop());
  expect_nobody_lost("through nginx", kept.stop());
}

}  // namespace
}  // namespace latchkey::test
