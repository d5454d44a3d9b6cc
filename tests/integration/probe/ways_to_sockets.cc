// Ways to a socket: a new one, an open one, and rings, new and old.
#include <arpa/inet.h>
#include <fcntl.h>
#include <liburing.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/un.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "integration/probe/ways.h"

namespace latchkey::test {

namespace {

constexpr int kMptcp = 262;
constexpr int kMaxDescriptors = 256;

sockaddr_in internet(std::uint16_t port) noexcept {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

sockaddr_un file(std::span<const char> path) noexcept {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size() < sizeof address.sun_path ? path.size() : 107);
  return address;
}

// Globals, so that a captureless lambda reaches them.
int descriptor = -1;
int option = 0;
sockaddr_in tcp{};
sockaddr_in udp{};
sockaddr_un stream{};
sockaddr_un datagram{};
sockaddr_un abstract{};
char byte = 'x';
iovec part{&byte, 1};

long make(int family, int type, int protocol) noexcept {
  return ::syscall(SYS_socket, family, type, protocol);
}

template <class Address>
long send_to(const Address& address, int flags) noexcept {
  return ::syscall(SYS_sendto, descriptor, &byte, 1, flags | MSG_NOSIGNAL, &address, sizeof address);
}

template <class Address>
long send_message(Address& address) noexcept {
  msghdr message{};
  message.msg_name = &address;
  message.msg_namelen = sizeof address;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  return ::syscall(SYS_sendmsg, descriptor, &message, MSG_NOSIGNAL);
}

/// The ring of this thread, if it has one.
io_uring* own_ring() noexcept {
  for (io_uring* const ring : rings_of_process()) {
    if (::syscall(SYS_io_uring_enter, ring->ring_fd, 0, 0, IORING_ENTER_GETEVENTS, nullptr, 8) >= 0)
      return ring;
  }
  return nullptr;
}

/// What the kernel answers to one entry. The completion is left for the server, which knows that it is
/// nobody's.
template <class Prepare>
int by_ring(io_uring& ring, Prepare prepare) noexcept {
  if (ring.sq.sqe_tail != *ring.sq.ktail) return kBusy;
  io_uring_sqe* const entry = io_uring_get_sqe(&ring);
  if (entry == nullptr) return kBusy;
  std::memset(entry, 0, sizeof *entry);
  prepare(*entry);
  entry->user_data = 0;
  const unsigned before = *ring.cq.ktail;
  io_uring_submit_and_get_events(&ring);
  // No completion yet means that the operation is in progress, so it was not refused.
  if (*ring.cq.ktail == before) return kDone;
  const int result = ring.cq.cqes[before & ring.cq.ring_mask].res;
  return result < 0 ? -result : kDone;
}

bool is_socket(int fd) noexcept {
  int type = 0;
  socklen_t size = sizeof type;
  return ::syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
}

template <class Address>
void send_by_ring(io_uring& ring, const char* way, const Address& address, int flags) noexcept {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "descriptor %d: %s", descriptor, way);
  note(text.data(), by_ring(ring, [&](io_uring_sqe& entry) {
         io_uring_prep_send(&entry, descriptor, &byte, 1, flags | MSG_NOSIGNAL | MSG_DONTWAIT);
         // addr2 and addr_len, which liburing 2.3 has no name for at this operation.
         entry.off = reinterpret_cast<std::uint64_t>(&address);
         entry.addr_len = sizeof address;
       }));
}

/// Core 0 receives files over the admin socket.
bool serves_admin() noexcept {
  std::array<char, 16> name{};
  ::syscall(SYS_prctl, PR_GET_NAME, name.data(), 0, 0, 0);
  return std::strcmp(name.data(), "core-0") == 0;
}

void try_operations(io_uring& ring) noexcept {
  constexpr int kOperations = 72;
  for (option = 0; option < kOperations; ++option) {
    switch (option) {
      case IORING_OP_ACCEPT:
      case IORING_OP_RECV:
      case IORING_OP_SEND:
      case IORING_OP_CLOSE:
      case IORING_OP_READ:
      case IORING_OP_WRITE:
      case IORING_OP_ASYNC_CANCEL:
      case IORING_OP_MSG_RING:
        continue;  // some rings may do these (docs/architecture.md)
      case IORING_OP_RECVMSG:
        if (serves_admin()) continue;
        break;
      default:
        break;
    }
    std::array<char, 64> way{};
    std::snprintf(way.data(), way.size(), "own ring: operation %d", option);
    note(way.data(), by_ring(ring, [](io_uring_sqe& entry) {
           entry.opcode = static_cast<std::uint8_t>(option);
           entry.fd = -1;
         }));
  }
}

}  // namespace

void try_sockets() noexcept {
  tcp = internet(probe_page().tcp_port);
  udp = internet(probe_page().udp_port);
  stream = file(probe_page().stream_path);
  datagram = file(probe_page().datagram_path);
  abstract = file(probe_page().abstract_name);
  try_way("socket: TCP", [] { return make(AF_INET, SOCK_STREAM, 0); });
  try_way("socket: TCP over IPv6", [] { return make(AF_INET6, SOCK_STREAM, 0); });
  try_way("socket: MPTCP", [] { return make(AF_INET, SOCK_STREAM, kMptcp); });
  try_way("socket: UDP", [] { return make(AF_INET, SOCK_DGRAM, 0); });
  try_way("socket: UDP over IPv6", [] { return make(AF_INET6, SOCK_DGRAM, 0); });
  try_way("socket: raw", [] { return make(AF_INET, SOCK_RAW, IPPROTO_ICMP); });
  try_way("socket: ping", [] { return make(AF_INET, SOCK_DGRAM, IPPROTO_ICMP); });
  try_way("socket: packet", [] { return make(AF_PACKET, SOCK_RAW, 0); });
  try_way("socket: netlink", [] { return make(AF_NETLINK, SOCK_RAW, 0); });
  try_way("socket: kernel's ciphers", [] { return make(AF_ALG, SOCK_SEQPACKET, 0); });
  try_way("socket: virtual machines", [] { return make(AF_VSOCK, SOCK_STREAM, 0); });
  try_way("socket: Unix, stream", [] { return make(AF_UNIX, SOCK_STREAM, 0); });
  try_way("socket: Unix, datagram", [] { return make(AF_UNIX, SOCK_DGRAM, 0); });
  try_way("socket: Unix, packets", [] { return make(AF_UNIX, SOCK_SEQPACKET, 0); });
  try_way("socketpair", [] {
    std::array<int, 2> ends{};
    return ::syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, ends.data());
  });
  try_way("accept4", [] { return ::syscall(SYS_accept4, -1, nullptr, nullptr, 0); });
  try_way("pidfd_getfd: a socket of another process", [] { return ::syscall(SYS_pidfd_getfd, 0, 1, 0); });
}

/// Tries each call that could reach another process, on each descriptor that is a socket.
void try_open_sockets() noexcept {
  const auto each = [](const char* way, long (*attempt)()) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "descriptor %d: %s", descriptor, way);
    try_way(text.data(), attempt);
  };
  io_uring* const ring = own_ring();
  for (descriptor = 0; descriptor < kMaxDescriptors; ++descriptor) {
    if (!is_socket(descriptor)) continue;
    each("connect to TCP", [] { return ::syscall(SYS_connect, descriptor, &tcp, sizeof tcp); });
    each("connect to UDP", [] { return ::syscall(SYS_connect, descriptor, &udp, sizeof udp); });
    each("connect to Unix", [] { return ::syscall(SYS_connect, descriptor, &stream, sizeof stream); });
    each("connect to nothing", [] {
      sockaddr none{};
      return ::syscall(SYS_connect, descriptor, &none, sizeof none);
    });
    each("bind", [] {
      const sockaddr_in any = internet(0);
      return ::syscall(SYS_bind, descriptor, &any, sizeof any);
    });
    each("listen", [] { return ::syscall(SYS_listen, descriptor, 1); });
    each("shutdown, to receive", [] { return ::syscall(SYS_shutdown, descriptor, SHUT_RD); });
    each("shutdown, both ways", [] { return ::syscall(SYS_shutdown, descriptor, SHUT_RDWR); });
    each("sendto UDP", [] { return send_to(udp, 0); });
    each("sendto TCP, fast open", [] { return send_to(tcp, MSG_FASTOPEN); });
    each("sendto Unix", [] { return send_to(datagram, 0); });
    each("sendto abstract Unix", [] { return send_to(abstract, 0); });
    each("sendto nobody",
         [] { return ::syscall(SYS_sendto, descriptor, &byte, 1, MSG_NOSIGNAL, nullptr, 0); });
    each("sendmsg UDP", [] { return send_message(udp); });
    each("sendmsg Unix", [] { return send_message(datagram); });
    each("sendmmsg", [] {
      mmsghdr message{};
      return ::syscall(SYS_sendmmsg, descriptor, &message, 1, MSG_NOSIGNAL);
    });
    each("recvmsg: descriptors", [] {
      msghdr message{};
      return ::syscall(SYS_recvmsg, descriptor, &message, MSG_DONTWAIT);
    });
    each("recvfrom",
         [] { return ::syscall(SYS_recvfrom, descriptor, &byte, 0, MSG_DONTWAIT, nullptr, nullptr); });
    each("setsockopt", [] {
      const int on = 1;
      return ::syscall(SYS_setsockopt, descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    });
    each("dup", [] { return ::syscall(SYS_dup, descriptor); });
    each("dup by fcntl", [] { return ::syscall(SYS_fcntl, descriptor, F_DUPFD_CLOEXEC, 0); });
    if (ring == nullptr) continue;
    send_by_ring(*ring, "ring's send to TCP, fast open", tcp, MSG_FASTOPEN);
    send_by_ring(*ring, "ring's send to UDP", udp, 0);
    send_by_ring(*ring, "ring's send to Unix", datagram, 0);
    send_by_ring(*ring, "ring's send to abstract Unix", abstract, 0);
  }
}

void try_rings() noexcept {
  try_way("io_uring_setup: a new ring", [] {
    io_uring_params parameters{};
    return ::syscall(SYS_io_uring_setup, 8, &parameters);
  });
  try_way("io_uring_register: a message without a ring", [] {
    constexpr int kSendMessage = 31;
    io_uring_sqe entry{};
    entry.opcode = IORING_OP_MSG_RING;
    return ::syscall(SYS_io_uring_register, -1, kSendMessage, &entry, 1);
  });
  constexpr int kRegistrations = 40;
  for (option = 0; option < kRegistrations; ++option) {
    std::array<char, 64> way{};
    std::snprintf(way.data(), way.size(), "io_uring_register %d", option);
    for (io_uring* const ring : rings_of_process()) {
      descriptor = ring->ring_fd;
      try_way(way.data(), [] { return ::syscall(SYS_io_uring_register, descriptor, option, nullptr, 0); });
    }
  }
  if (io_uring* const ring = own_ring(); ring != nullptr) try_operations(*ring);
}

}  // namespace latchkey::test
