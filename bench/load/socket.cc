#include "load/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>

namespace latchkey::load {

namespace {

const sockaddr* as_sockaddr(const sockaddr_storage& address) noexcept {
  return std::bit_cast<const sockaddr*>(&address);
}

}  // namespace

int open_socket(const Target& target, const std::optional<net::IpAddress>& source) noexcept {
  const int of_ip = target.endpoint.address.is_v4() ? AF_INET : AF_INET6;
  const int family = target.is_unix() ? AF_UNIX : of_ip;
  const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  if (target.is_unix()) return fd;
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (!source) return fd;
  ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  sockaddr_storage address{};
  const socklen_t bytes = net::Endpoint{*source, 0}.to_sockaddr(address);
  if (::bind(fd, as_sockaddr(address), bytes) == 0) return fd;
  const int error = errno;
  ::close(fd);
  return -error;
}

std::uint64_t raise_open_files(std::uint64_t files) noexcept {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= files) return limit.rlim_cur;
  // Beyond the hard limit only with CAP_SYS_RESOURCE; up to it always.
  const rlimit wanted{files, std::max<rlim_t>(limit.rlim_max, files)};
  if (::setrlimit(RLIMIT_NOFILE, &wanted) == 0) return files;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

void Connect::await_suspend(std::coroutine_handle<> waiter) {
  waiter_ = waiter;
  loop_.watch(*this, deadline_.ms);
  loop_.ring().start(this, [this](io_uring_sqe& entry) {
    io_uring_prep_connect(&entry, fd_, as_sockaddr(address_), address_bytes_);
  });
}

void Connect::complete(std::int32_t result, std::uint32_t) noexcept {
  loop_.forget(*this);
  error_ = timed_out_ && result != 0 ? ETIMEDOUT : -result;
  waiter_.resume();
}

std::int64_t Connect::look(BootTime now) noexcept {
  if (now < deadline_) return deadline_.ms;
  timed_out_ = true;
  loop_.ring().cancel(*this);
  return now.ms + runtime::Loop::kStrideMs;
}

}  // namespace latchkey::load
