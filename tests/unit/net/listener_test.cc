#include "latchkey/net/listener.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/loop_rig.h"
#include "support/peer.h"
#include "support/temporary_directory.h"

namespace latchkey::net {
namespace {

using test::LoopRig;
using test::Peer;

const Endpoint kLoopbackV4{IpAddress::from_v4(127, 0, 0, 1), 0};

Endpoint loopback_v6() { return Endpoint{*IpAddress::parse("::1"), 0}; }

Peer connect_to(const Endpoint& where) {
  sockaddr_storage address{};
  const socklen_t length = where.to_sockaddr(address);
  const int fd = ::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  void* const at = &address;
  EXPECT_EQ(::connect(fd, static_cast<sockaddr*>(at), length), 0) << std::strerror(errno);
  return Peer(fd);
}

Peer connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  void* const at = &address;
  EXPECT_EQ(::connect(fd, static_cast<sockaddr*>(at), sizeof address), 0) << std::strerror(errno);
  return Peer(fd);
}

TEST(Listener, PortZeroPicksAFreePortAndSaysWhich) {
  for (const Endpoint& where : {kLoopbackV4, loopback_v6()}) {
    const Result<Listener> listener = Listener::bind_tcp(where);
    ASSERT_TRUE(listener.has_value()) << listener.error().text;
    EXPECT_NE(listener->endpoint().port, 0);
    EXPECT_EQ(listener->endpoint().address, where.address);
    const Peer peer = connect_to(listener->endpoint());
  }
}

TEST(Listener, TwoOfOneProcessShareAPortSoThatEveryCoreHasItsOwnQueue) {
  const Result<Listener> first = Listener::bind_tcp(kLoopbackV4);
  ASSERT_TRUE(first.has_value());
  const Result<Listener> second = Listener::bind_tcp(first->endpoint());
  ASSERT_TRUE(second.has_value()) << second.error().text;
  EXPECT_EQ(second->endpoint(), first->endpoint());
}

TEST(Listener, OneOfAnotherProcessIsTakenWithItsAddressAndWhatDoesNotListenIsNot) {
  const Result<Listener> bound = Listener::bind_tcp(kLoopbackV4);
  ASSERT_TRUE(bound.has_value());
  const int passed = ::dup(bound->fd());
  ASSERT_EQ(::fcntl(passed, F_SETFL, O_NONBLOCK), 0);
  const Result<Listener> adopted = Listener::adopt(passed);
  ASSERT_TRUE(adopted.has_value()) << adopted.error().text;
  EXPECT_EQ(adopted->endpoint(), bound->endpoint());
  EXPECT_FALSE(adopted->is_shared());
  EXPECT_EQ(::fcntl(passed, F_GETFL) & O_NONBLOCK, 0) << "a ring would not wait";
  EXPECT_NE(::fcntl(passed, F_GETFD) & FD_CLOEXEC, 0);
  const int silent = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_FALSE(Listener::adopt(silent).has_value());
  EXPECT_EQ(::fcntl(silent, F_GETFD), -1) << "it is closed";
}

TEST(Listener, AUnixSocketOfAnotherProcessIsTakenWithItsPath) {
  const test::TemporaryDirectory directory;
  const std::string path = (directory / "socket").string();
  const Result<Listener> bound = Listener::bind_unix(path);
  ASSERT_TRUE(bound.has_value());
  const Result<Listener> adopted = Listener::adopt(::dup(bound->fd()));
  ASSERT_TRUE(adopted.has_value()) << adopted.error().text;
  EXPECT_TRUE(adopted->is_unix());
  EXPECT_TRUE(adopted->is_shared());
  EXPECT_EQ(adopted->path(), path);
  ASSERT_TRUE(adopted->set_unix_access({.mode = 0660, .group = {}}).has_value());
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0660U);
}

TEST(Listener, AnAddressInUseIsNamedWithTheWayOut) {
  const int other = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_storage address{};
  socklen_t length = kLoopbackV4.to_sockaddr(address);
  void* const at = &address;
  ASSERT_EQ(::bind(other, static_cast<sockaddr*>(at), length), 0);
  ASSERT_EQ(::listen(other, 1), 0);
  length = sizeof address;
  ASSERT_EQ(::getsockname(other, static_cast<sockaddr*>(at), &length), 0);
  const Endpoint taken = *Endpoint::from_sockaddr(*static_cast<sockaddr*>(at));
  const Result<Listener> listener = Listener::bind_tcp(taken);
  ASSERT_FALSE(listener.has_value());
  EXPECT_EQ(listener.error().code, ErrorCode::kConflict);
  EXPECT_EQ(listener.error().text,
            taken.to_text() + " is in use by another process: stop it, or listen elsewhere with --listen");
  ::close(other);
}

TEST(Listener, AnAddressOfAnotherMachineIsSaidToBeThat) {
  const Result<Listener> listener = Listener::bind_tcp(Endpoint{IpAddress::from_v4(192, 0, 2, 1), 0});
  ASSERT_FALSE(listener.has_value());
  EXPECT_EQ(listener.error().text, "192.0.2.1:0 is not an address of this machine (see `ip addr`)");
}

TEST(Listener, AUnixSocketIsItsOwnersAlone) {
  const test::TemporaryDirectory directory;
  const std::string path = directory.path() / "socket";
  const mode_t mask = ::umask(0);
  const Result<Listener> listener = Listener::bind_unix(path);
  const mode_t after = ::umask(mask);
  ASSERT_TRUE(listener.has_value()) << listener.error().text;
  struct stat found {};
  ASSERT_EQ(::stat(path.c_str(), &found), 0);
  EXPECT_TRUE(S_ISSOCK(found.st_mode));
  EXPECT_EQ(found.st_mode & 0777, 0600U);
  // The umask of the process is unchanged.
  EXPECT_EQ(after, 0U);
  const Peer peer = connect_to(path);
}

TEST(Listener, ADeadUnixSocketIsReplaced) {
  const test::TemporaryDirectory directory;
  const std::string path = directory.path() / "socket";
  { const Result<Listener> first = Listener::bind_unix(path); }
  const Result<Listener> second = Listener::bind_unix(path);
  ASSERT_TRUE(second.has_value()) << second.error().text;
  const Peer peer = connect_to(path);
}

TEST(Listener, AUnixSocketThatSomebodyListensOnIsLeftAlone) {
  const test::TemporaryDirectory directory;
  const std::string path = directory.path() / "socket";
  const Result<Listener> first = Listener::bind_unix(path);
  const Result<Listener> second = Listener::bind_unix(path);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  EXPECT_EQ(second.error().text, "another process listens on '" + path + "': stop it, or listen elsewhere");
  const Peer peer = connect_to(path);
}

TEST(Listener, AUnixSocketWhoseListenerIsAboutToGoIsWaitedFor) {
  const test::TemporaryDirectory directory;
  const std::string path = directory.path() / "socket";
  auto first = std::make_unique<Result<Listener>>(Listener::bind_unix(path));
  std::thread leaving([&] {
    // Waits until the other has found it there: its connection attempt is in the queue.
    pollfd asked{(*first)->fd(), POLLIN, 0};
    while (::poll(&asked, 1, -1) != 1) {
    }
    first.reset();
  });
  const Result<Listener> second = Listener::bind_unix(path);
  leaving.join();
  ASSERT_TRUE(second.has_value()) << second.error().text;
  const Peer peer = connect_to(path);
}

TEST(Listener, AFileThatIsNoSocketIsNotRemoved) {
  const test::TemporaryDirectory directory;
  const std::string path = directory.path() / "precious";
  std::ofstream(path) << "data";
  const Result<Listener> listener = Listener::bind_unix(path);
  ASSERT_FALSE(listener.has_value());
  EXPECT_EQ(listener.error().text,
            "'" + path + "' exists and is not a socket: move it away, or listen elsewhere");
  EXPECT_EQ(::access(path.c_str(), F_OK), 0);
}

TEST(Listener, AUnixPathThatIsTooLongIsRefused) {
  const Result<Listener> listener = Listener::bind_unix("/tmp/" + std::string(120, 'x'));
  ASSERT_FALSE(listener.has_value());
  EXPECT_NE(listener.error().text.find("is too long for a socket's path: 107 bytes at most"),
            std::string::npos);
}

TEST(Listener, AUnixPathInNoDirectoryIsRefusedWithItsReason) {
  const Result<Listener> listener = Listener::bind_unix("/nonexistent/socket");
  ASSERT_FALSE(listener.has_value());
  EXPECT_EQ(listener.error().text,
            "cannot listen on the socket '/nonexistent/socket': No such file or directory; make its "
            "directory, and give it to the server's user");
}

TEST(Listener, AUnixSocketHasTheModeThatIsAskedFor) {
  const test::TemporaryDirectory directory;
  const std::string path = directory.path() / "socket";
  const Result<Listener> listener = Listener::bind_unix(path, {.mode = 0666, .group = ::getegid()});
  ASSERT_TRUE(listener.has_value()) << listener.error().text;
  struct stat found {};
  ASSERT_EQ(::stat(path.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0666U);
  EXPECT_TRUE(listener->is_unix());
}

class Acceptance final : public Acceptor::Handler {
 public:
  ~Acceptance() {
    for (const int fd : accepted_fds) ::close(fd);
  }
  void accepted(int fd) override { accepted_fds.push_back(fd); }
  void accept_failed(int error) override { failures.push_back(error); }
  std::vector<int> accepted_fds;
  std::vector<int> failures;
};

class AcceptorTest : public ::testing::Test {
 protected:
  AcceptorTest() {
    Result<Listener> listener = Listener::bind_tcp(kLoopbackV4);
    LATCHKEY_ASSERT(listener.has_value());
    listener_ = std::make_unique<Listener>(std::move(*listener));
    acceptor_ = std::make_unique<Acceptor>(rig_.loop(), *listener_, acceptance_);
  }
  ~AcceptorTest() override {
    acceptor_->stop();
    EXPECT_TRUE(rig_.until([this] { return acceptor_->stopped(); }));
  }

  LoopRig rig_;
  std::unique_ptr<Listener> listener_;
  Acceptance acceptance_;
  std::unique_ptr<Acceptor> acceptor_;
};

TEST_F(AcceptorTest, EveryConnectionIsHandedOver) {
  acceptor_->start();
  std::vector<Peer> peers;
  for (std::size_t i = 1; i <= 5; ++i) {
    peers.push_back(connect_to(listener_->endpoint()));
    ASSERT_TRUE(rig_.until([&] { return acceptance_.accepted_fds.size() == i; }));
  }
  const int fd = acceptance_.accepted_fds.front();
  int no_delay = 0;
  socklen_t length = sizeof no_delay;
  ASSERT_EQ(::getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &length), 0);
  EXPECT_EQ(no_delay, 1);
  sockaddr_storage address{};
  length = sizeof address;
  void* const at = &address;
  ASSERT_EQ(::getsockname(peers.front().fd(), static_cast<sockaddr*>(at), &length), 0);
  EXPECT_EQ(peer_of(fd), *Endpoint::from_sockaddr(*static_cast<sockaddr*>(at)));
}

TEST_F(AcceptorTest, AStoppedAcceptorTakesNoMore) {
  acceptor_->start();
  const Peer before = connect_to(listener_->endpoint());
  ASSERT_TRUE(rig_.until([this] { return acceptance_.accepted_fds.size() == 1; }));
  acceptor_->stop();
  ASSERT_TRUE(rig_.until([this] { return acceptor_->stopped(); }));
  const Peer after = connect_to(listener_->endpoint());
  rig_.advance_ms(1000);
  EXPECT_EQ(acceptance_.accepted_fds.size(), 1U);
  EXPECT_TRUE(acceptance_.failures.empty());
}

// An accept that stays armed would always be the first that the kernel wakes: one core would get them all.
TEST(SharedSocket, EveryCoreGetsItsShareOfTheConnections) {
  constexpr std::size_t kCores = 3;
  constexpr std::size_t kConnections = 30;
  const test::TemporaryDirectory directory;
  const std::string path = directory.path() / "socket";
  Result<Listener> first = Listener::bind_unix(path);
  ASSERT_TRUE(first.has_value()) << first.error().text;
  struct ACore {
    explicit ACore(Listener& socket)
        : listener(*socket.duplicate()), acceptor(rig.loop(), listener, acceptance) {
      acceptor.start();
      rig.settle();
    }
    ~ACore() {
      acceptor.stop();
      EXPECT_TRUE(rig.until([this] { return acceptor.stopped(); }));
    }
    LoopRig rig;
    const Listener listener;
    Acceptance acceptance;
    Acceptor acceptor;
  };
  std::vector<std::unique_ptr<ACore>> cores;
  for (std::size_t i = 0; i < kCores; ++i) cores.push_back(std::make_unique<ACore>(*first));
  std::vector<Peer> peers;
  for (std::size_t i = 0; i < kConnections; ++i) {
    peers.push_back(connect_to(path));
    for (const auto& core : cores) core->rig.settle();
  }
  std::size_t accepted = 0;
  for (const auto& core : cores) {
    EXPECT_GE(core->acceptance.accepted_fds.size(), kConnections / kCores / 2);
    accepted += core->acceptance.accepted_fds.size();
  }
  EXPECT_EQ(accepted, kConnections);
}

TEST_F(AcceptorTest, WithoutDescriptorsItSaysSoAndTriesAgainLater) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const Peer first = connect_to(listener_->endpoint());
  // The kernel reads the limit when the accept is armed. No descriptor beyond the open ones is allowed.
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  acceptor_->start();
  const bool failed = rig_.until([this] { return !acceptance_.failures.empty(); });
  rig_.settle();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_TRUE(failed);
  // It fails once and does not spin.
  EXPECT_EQ(acceptance_.failures, std::vector<int>{-EMFILE});
  EXPECT_TRUE(acceptance_.accepted_fds.empty());
  rig_.advance_ms(Acceptor::kRetryMs + runtime::Loop::kTickMs);
  EXPECT_TRUE(rig_.until([this] { return acceptance_.accepted_fds.size() == 1; }));
  EXPECT_EQ(acceptance_.failures.size(), 1U);
}

TEST_F(AcceptorTest, AnAcceptorThatWaitsToTryAgainCanBeStopped) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const Peer first = connect_to(listener_->endpoint());
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  acceptor_->start();
  const bool failed = rig_.until([this] { return !acceptance_.failures.empty(); });
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_TRUE(failed);
  acceptor_->stop();
  EXPECT_TRUE(acceptor_->stopped());
  rig_.advance_ms(1000);
  EXPECT_TRUE(acceptance_.accepted_fds.empty());
}

TEST(PeerOf, ASocketWithoutARemoteAddressHasNone) {
  auto [fd, peer] = test::unix_pair();
  EXPECT_EQ(peer_of(fd), Endpoint{});
  ::close(fd);
  EXPECT_EQ(peer_of(-1), Endpoint{});
}

}  // namespace
}  // namespace latchkey::net
