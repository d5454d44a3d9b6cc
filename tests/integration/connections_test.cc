// How many connections a client may have, over all cores, however its address is known (C-20, P-14).
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "support/rig.h"

namespace latchkey::test {
namespace {

constexpr std::size_t kByDefault = 1024;
constexpr int kCores = 4;

std::string proxied_by_v1(const std::string& source) {
  return "PROXY TCP" + std::string(source.find(':') == std::string::npos ? "4 " : "6 ") + source +
         (source.find(':') == std::string::npos ? " 203.0.113.9" : " ::1") + " 40000 80\r\n";
}

/// Connections that are held open, each from the source that the PROXY protocol names.
class Crowd {
 public:
  explicit Crowd(std::uint16_t port) : port_(port) {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }

  /// Whether one more is served. If so, it stays open.
  bool lets_in(const std::string& source) {
    HttpClient client(port_);
    try {
      client.send(proxied_by_v1(source) + request_bytes("GET", "/api/v2/ping/"));
      if (client.receive().status != 200) return false;
    } catch (const ClientError&) {
      return false;
    }
    clients_.push_back(std::move(client));
    return true;
  }

  /// How many of `count` are served.
  std::size_t let_in(const std::string& source, std::size_t count) {
    std::size_t served = 0;
    for (std::size_t i = 0; i < count; ++i) served += lets_in(source) ? std::size_t{1} : 0;
    return served;
  }

  /// Whether all are served in the end: closed connections free their places after a while.
  bool comes_to_let_in(const std::string& source, std::size_t count) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    std::size_t served = 0;
    while (served < count && std::chrono::steady_clock::now() < end) {
      if (lets_in(source)) ++served;
    }
    return served == count;
  }

  void leave() { clients_.clear(); }
  std::vector<HttpClient>& clients() { return clients_; }

 private:
  std::uint16_t port_;
  std::vector<HttpClient> clients_;
};

ServerOptions behind_proxy(std::vector<std::string> flags = {}) {
  flags.insert(flags.end(), {"--proxy-listen", "127.0.0.1:0"});
  ServerOptions options;
  options.cores = kCores;
  options.flags = std::move(flags);
  return options;
}

TEST(ConnectionsByAddress, AreAThousandAndTwentyFourOverAllCoresByDefault) {
  OwnServer server(behind_proxy());
  Crowd crowd(server.process.proxy_port());
  ASSERT_EQ(crowd.let_in("203.0.113.5", kByDefault), kByDefault) << server.process.log();
  EXPECT_EQ(crowd.let_in("203.0.113.5", 64), 0U);
  EXPECT_TRUE(crowd.lets_in("203.0.113.6")) << "another client is refused with it";
  for (HttpClient& client : crowd.clients()) {
    ASSERT_EQ(client.request("GET", "/api/v2/ping/").status, 200) << "one inside has noticed";
  }
  crowd.leave();
  EXPECT_TRUE(crowd.comes_to_let_in("203.0.113.5", kByDefault)) << "places are not given back";
  EXPECT_EQ(crowd.let_in("203.0.113.5", 16), 0U) << "more places are given back than were taken";
}

TEST(ConnectionsByAddress, WhoIsRefusedBehindAProxyIsClosedAfterItsHeaderWithoutAnAnswer) {
  OwnServer server(behind_proxy({"--connections-by-address", "2"}));
  Crowd crowd(server.process.proxy_port());
  ASSERT_EQ(crowd.let_in("203.0.113.5", 2), 2U);
  HttpClient refused(server.process.proxy_port());
  refused.send(proxied_by_v1("203.0.113.5"));
  EXPECT_TRUE(refused.is_closed_by_server());
  const auto line = server.process.wait_for_log("event=connection.refused");
  ASSERT_TRUE(line);
  EXPECT_NE(line->find("203.0.113.5"), std::string::npos) << *line;
  EXPECT_NE(line->find("connections_by_address"), std::string::npos) << *line;
}

TEST(ConnectionsByAddress, AnIpv6ClientIsAllOfItsSlash64BehindAProxyToo) {
  OwnServer server(behind_proxy({"--connections-by-address", "2"}));
  Crowd crowd(server.process.proxy_port());
  EXPECT_TRUE(crowd.lets_in("2001:db8::1"));
  EXPECT_TRUE(crowd.lets_in("2001:db8::2"));
  EXPECT_FALSE(crowd.lets_in("2001:db8::3"));
  EXPECT_TRUE(crowd.lets_in("2001:db8:0:1::1"));
}

TEST(ConnectionsByAddress, OfAProxyThatSpeaksForItselfAreNotCounted) {
  OwnServer server(behind_proxy({"--connections-by-address", "2", "--trusted-proxy", "127.0.0.1,192.0.2.1"}));
  for (const char* const header : {"PROXY UNKNOWN\r\n", "PROXY TCP4 127.0.0.1 127.0.0.1 40000 80\r\n",
                                   "PROXY TCP4 192.0.2.1 203.0.113.9 40000 80\r\n"}) {
    std::vector<HttpClient> clients;
    for (int i = 0; i < 6; ++i) {
      clients.emplace_back(server.process.proxy_port());
      clients.back().send(header + request_bytes("GET", "/api/v2/ping/"));
      EXPECT_EQ(clients.back().receive().status, 200) << header;
    }
  }
}

TEST(ConnectionsByAddress, OfLoopbackAreCountedWhereItIsNamedAndElsewhereNot) {
  const auto open = [](const OwnServer& server, std::size_t count) {
    std::vector<HttpClient> clients;
    std::size_t served = 0;
    for (std::size_t i = 0; i < count; ++i) {
      clients.emplace_back(server.process.port());
      try {
        served += clients.back().request("GET", "/api/v2/ping/").status == 200 ? std::size_t{1} : 0;
      } catch (const ClientError&) {
      }
    }
    return served;
  };
  OwnServer by_default({.cores = kCores, .flags = {"--connections-by-address", "3"}});
  EXPECT_EQ(open(by_default, 12), 12U);
  OwnServer named(
      {.cores = kCores, .flags = {"--connections-by-address", "3", "--counted-networks", "127.0.0.0/8"}});
  EXPECT_EQ(open(named, 12), 3U);
}

/// Another host, on a network of two: a namespace at the other end of a pair of virtual devices.
class OtherHost {
 public:
  static constexpr const char* kServersAddress = "198.18.77.1";
  static constexpr const char* kOwnAddress = "198.18.77.2";

  /// Without the rights for it, `is_there` is false.
  OtherHost() {
    is_there_ = run("ip netns add " + name_) &&
                run("ip link add " + name_ + "a type veth peer name " + name_ + "b netns " + name_) &&
                run("ip addr add " + std::string(kServersAddress) + "/30 dev " + name_ + "a") &&
                run("ip link set " + name_ + "a up") &&
                run("ip -n " + name_ + " addr add " + kOwnAddress + "/30 dev " + name_ + "b") &&
                run("ip -n " + name_ + " link set " + name_ + "b up");
  }
  ~OtherHost() {
    run("ip link del " + name_ + "a");
    run("ip netns del " + name_);
  }
  OtherHost(const OtherHost&) = delete;
  OtherHost& operator=(const OtherHost&) = delete;

  bool is_there() const noexcept { return is_there_; }

  /// How many of `count` connections from that host, all open at once, are answered.
  std::size_t served_of(std::uint16_t port, std::size_t count) const {
    std::size_t served = 0;
    std::thread there([&] { served = is_entered() ? count_served(port, count) : 0; });
    there.join();
    return served;
  }

 private:
  static bool run(const std::string& command) { return std::system((command + " 2>/dev/null").c_str()) == 0; }

  /// Moves the calling thread, and the sockets that it makes, to the namespace.
  bool is_entered() const {
    const int space = ::open(("/run/netns/" + name_).c_str(), O_RDONLY | O_CLOEXEC);
    const bool entered = space >= 0 && ::setns(space, CLONE_NEWNET) == 0;
    ::close(space);
    return entered;
  }

  static std::size_t count_served(std::uint16_t port, std::size_t count) {
    sockaddr_in server{};
    server.sin_family = AF_INET;
    server.sin_port = htons(port);
    ::inet_pton(AF_INET, kServersAddress, &server.sin_addr);
    const std::string request = request_bytes("GET", "/api/v2/ping/");
    std::vector<int> sockets;
    std::size_t served = 0;
    for (std::size_t i = 0; i < count; ++i) {
      sockets.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      const timeval patience{10, 0};
      ::setsockopt(sockets.back(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
      char first = 0;
      const bool answered =
          ::connect(sockets.back(), reinterpret_cast<const sockaddr*>(&server), sizeof server) == 0 &&
          ::send(sockets.back(), request.data(), request.size(), MSG_NOSIGNAL) ==
              static_cast<ssize_t>(request.size()) &&
          ::recv(sockets.back(), &first, 1, 0) == 1;
      served += answered ? std::size_t{1} : 0;
    }
    for (const int socket : sockets) ::close(socket);
    return served;
  }

  const std::string name_ = "lk" + std::to_string(::getpid());
  bool is_there_ = false;
};

TEST(ConnectionsByAddress, OfAnotherHostAreCountedByItsOwnAddress) {
  const OtherHost host;
  if (!host.is_there()) GTEST_SKIP() << "a network namespace takes root and iproute2";
  constexpr std::size_t kTooMany = kByDefault + 76;
  OwnServer server({.cores = kCores, .flags = {"--listen", std::string(OtherHost::kServersAddress) + ":0"}});
  EXPECT_EQ(host.served_of(server.process.port(), kTooMany), kByDefault);
}

}  // namespace
}  // namespace latchkey::test
