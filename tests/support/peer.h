// The other end of a connection, controlled by the test. Making one may block; using it never does.
// Thread: one.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include "latchkey/base/assert.h"

namespace latchkey::test {

class Peer {
 public:
  explicit Peer(int fd) noexcept : fd_(fd) {}
  Peer(Peer&& other) noexcept : fd_(std::exchange(other.fd_, -1)), received_(std::move(other.received_)) {}
  Peer& operator=(Peer&&) = delete;
  ~Peer() { close(); }

  int fd() const noexcept { return fd_; }

  /// Sends as much as the kernel takes, and returns how much that was.
  std::size_t send_some(std::string_view bytes) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent < 0 ? 0 : static_cast<std::size_t>(sent);
  }
  void send(std::string_view bytes) { EXPECT_EQ(send_some(bytes), bytes.size()); }

  /// All bytes received so far.
  const std::string& received() {
    std::array<char, 65536> buffer{};
    while (true) {
      const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (got > 0) {
        received_.append(buffer.data(), static_cast<std::size_t>(got));
        ++reads_;
        continue;
      }
      if (got == 0) saw_end_ = true;
      if (got < 0 && errno == ECONNRESET) was_reset_ = true;
      return received_;
    }
  }
  /// Returns `received` and forgets it.
  std::string take() {
    received();
    return std::exchange(received_, std::string());
  }
  /// Whether the server has ended its side.
  bool saw_end() {
    received();
    return saw_end_ || was_reset_;
  }
  bool was_reset() {
    received();
    return was_reset_;
  }
  /// How many reads it took to get everything. Answers that were written together arrive in one.
  int reads() const noexcept { return reads_; }

  void end_sending() { ::shutdown(fd_, SHUT_WR); }

  /// Closes as a crashed process does: the kernel answers the server with a reset.
  void reset() {
    const linger now{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
  std::string received_;
  bool saw_end_ = false;
  bool was_reset_ = false;
  int reads_ = 0;
};

/// Two ends of a UNIX stream: the server's descriptor, and the peer.
inline std::pair<int, Peer> unix_pair() {
  std::array<int, 2> ends{};
  LATCHKEY_ASSERT(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  return {ends[0], Peer(ends[1])};
}

/// The buffer size of the sockets of a tcp_pair (the kernel doubles it). It is small, so that a test soon
/// fills it.
inline constexpr int kSocketBufferBytes = 64 * 1024;

/// Two ends of a TCP connection over loopback.
inline std::pair<int, Peer> tcp_pair() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  void* const where = &address;
  LATCHKEY_ASSERT(::bind(listener, static_cast<sockaddr*>(where), length) == 0);
  LATCHKEY_ASSERT(::listen(listener, 1) == 0);
  LATCHKEY_ASSERT(::getsockname(listener, static_cast<sockaddr*>(where), &length) == 0);
  const int peer = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ::setsockopt(peer, SOL_SOCKET, SO_RCVBUF, &kSocketBufferBytes, sizeof kSocketBufferBytes);
  LATCHKEY_ASSERT(::connect(peer, static_cast<sockaddr*>(where), length) == 0);
  const int served = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  LATCHKEY_ASSERT(served >= 0);
  ::setsockopt(served, SOL_SOCKET, SO_SNDBUF, &kSocketBufferBytes, sizeof kSocketBufferBytes);
  ::close(listener);
  return {served, Peer(peer)};
}

}  // namespace latchkey::test
