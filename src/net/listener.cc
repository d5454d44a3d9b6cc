#include "latchkey/net/listener.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <span>
#include <thread>
#include <utility>

#include "latchkey/base/assert.h"

namespace latchkey::net {

namespace {

constexpr int kBacklog = 4096;  // the kernel caps it at net.core.somaxconn

// A killed process is gone before its ring is. Until the kernel has taken the ring apart, a socket in it
// still accepts. So a socket that answers is asked again, this many times.
constexpr int kAsksForListener = 100;
constexpr std::chrono::milliseconds kBetweenAsks{20};

sockaddr* as_sockaddr(void* address) noexcept { return static_cast<sockaddr*>(address); }

tl::unexpected<Error> bind_error(const std::string& where, int error) {
  switch (error) {
    case EADDRINUSE:
      return failure(
          ErrorCode::kConflict,
          fmt::format("{} is in use by another process: stop it, or listen elsewhere with --listen", where));
    case EACCES:
    case EPERM:
      return failure(
          ErrorCode::kUnavailable,
          fmt::format("no permission to listen on {}: a port below 1024 needs CAP_NET_BIND_SERVICE", where));
    case EADDRNOTAVAIL:
      return failure(ErrorCode::kUnavailable,
                     fmt::format("{} is not an address of this machine (see `ip addr`)", where));
    default:
      return failure(ErrorCode::kUnavailable,
                     fmt::format("cannot listen on {}: {}", where, std::strerror(error)));
  }
}

tl::unexpected<Error> unix_error(const std::string& path, int error) {
  const char* remedy = "";
  if (error == ENOENT) remedy = "; make its directory, and give it to the server's user";
  if (error == EACCES || error == EROFS) remedy = "; let the server's user write to its directory";
  return failure(ErrorCode::kUnavailable,
                 fmt::format("cannot listen on the socket '{}': {}{}", path, std::strerror(error), remedy));
}

/// The group comes first: until the mode is wider, it may do nothing.
Result<void> set_access(const std::string& path, const UnixAccess& access) {
  struct stat made {};
  if (::lstat(path.c_str(), &made) != 0) return unix_error(path, errno);
  const bool is_another = access.group && *access.group != made.st_gid;
  if (is_another && ::lchown(path.c_str(), static_cast<uid_t>(-1), *access.group) != 0) {
    return failure(
        ErrorCode::kUnavailable,
        fmt::format("cannot give the socket '{}' to the group with the id {}: {}; start the server as root "
                    "or with that group among its own (Group= or SupplementaryGroups= under systemd)",
                    path, *access.group, std::strerror(errno)));
  }
  if (::chmod(path.c_str(), access.mode) != 0) return unix_error(path, errno);
  return {};
}

Result<bool> answers(const std::string& path, sockaddr_un& address) {
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return unix_error(path, errno);
  const bool answered = ::connect(probe, as_sockaddr(&address), sizeof address) == 0 || errno == EAGAIN;
  ::close(probe);
  return answered;
}

/// For the start only, because it may wait for two seconds.
Result<bool> goes_on_answering(const std::string& path, sockaddr_un& address) {
  Result<bool> answered = answers(path, address);
  for (int asked = 1; answered && *answered && asked < kAsksForListener; ++asked) {
    std::this_thread::sleep_for(kBetweenAsks);
    answered = answers(path, address);
  }
  return answered;
}

/// Whether there is a socket of that name.
/// Errors: kConflict if something else has the name.
Result<bool> is_socket(const std::string& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) {
    if (errno == ENOENT) return false;
    return unix_error(path, errno);
  }
  if (S_ISSOCK(found.st_mode)) return true;
  return failure(ErrorCode::kConflict,
                 fmt::format("'{}' exists and is not a socket: move it away, or listen elsewhere", path));
}

Result<sockaddr_un> unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return failure(ErrorCode::kInvalid, fmt::format("'{}' is too long for a socket's path: {} bytes at most",
                                                    path, sizeof address.sun_path - 1));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

/// Removes the socket of a process that has gone.
Result<void> clear_unix_path(const std::string& path, sockaddr_un& address) {
  LATCHKEY_TRY(const bool there, is_socket(path));
  if (!there) return {};
  LATCHKEY_TRY(const bool answered, goes_on_answering(path, address));
  if (answered) {
    return failure(ErrorCode::kConflict,
                   fmt::format("another process listens on '{}': stop it, or listen elsewhere", path));
  }
  if (::unlink(path.c_str()) != 0) return unix_error(path, errno);
  return {};
}

/// Whether the error is about the connection to accept, not about this process (accept(2)).
bool concerns_one_peer(int error) noexcept {
  switch (error) {
    case ECONNABORTED:
    case EPROTO:
    case EINTR:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case ENOPROTOOPT:
      return true;
    default:
      return false;
  }
}

bool set_option(int fd, int level, int option) noexcept {
  const int on = 1;
  return ::setsockopt(fd, level, option, &on, sizeof on) == 0;
}

}  // namespace

Listener& Listener::operator=(Listener&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = std::exchange(other.fd_, -1);
    endpoint_ = other.endpoint_;
    is_unix_ = other.is_unix_;
    is_shared_ = other.is_shared_;
  }
  return *this;
}

Listener::~Listener() {
  if (fd_ >= 0) ::close(fd_);
}

Result<Listener> Listener::bind_tcp(const Endpoint& where) {
  sockaddr_storage address{};
  socklen_t length = where.to_sockaddr(address);
  const std::string name = where.to_text();
  Listener listener(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int fd = listener.fd_;
  // Accepted sockets inherit TCP_NODELAY, so an answer leaves as soon as it is written.
  if (fd < 0 || !set_option(fd, SOL_SOCKET, SO_REUSEADDR) || !set_option(fd, SOL_SOCKET, SO_REUSEPORT) ||
      !set_option(fd, IPPROTO_TCP, TCP_NODELAY)) {
    return bind_error(name, errno);
  }
  if (address.ss_family == AF_INET6 && !set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY)) {
    return bind_error(name, errno);
  }
  if (::bind(fd, as_sockaddr(&address), length) != 0 || ::listen(fd, kBacklog) != 0) {
    return bind_error(name, errno);
  }
  length = sizeof address;
  if (::getsockname(fd, as_sockaddr(&address), &length) != 0) return bind_error(name, errno);
  listener.endpoint_ = Endpoint::from_sockaddr(*as_sockaddr(&address)).value_or(where);
  return listener;
}

Result<void> Listener::check_free(const Endpoint& where) {
  sockaddr_storage address{};
  const socklen_t length = where.to_sockaddr(address);
  const Listener probe(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  // SO_REUSEADDR ignores what remains of old connections, but not a listener.
  const bool is_free = probe.fd_ >= 0 && set_option(probe.fd_, SOL_SOCKET, SO_REUSEADDR) &&
                       (address.ss_family != AF_INET6 || set_option(probe.fd_, IPPROTO_IPV6, IPV6_V6ONLY)) &&
                       ::bind(probe.fd_, as_sockaddr(&address), length) == 0;
  if (!is_free) return bind_error(where.to_text(), errno);
  return {};
}

Result<bool> Listener::is_answered(const std::string& path) {
  LATCHKEY_TRY(sockaddr_un address, unix_address(path));
  LATCHKEY_TRY(const bool there, is_socket(path));
  if (!there) return false;
  return goes_on_answering(path, address);
}

Result<Listener> Listener::bind_unix(const std::string& path, const UnixAccess& access) {
  LATCHKEY_TRY(sockaddr_un address, unix_address(path));
  Listener listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (listener.fd_ < 0) return unix_error(path, errno);
  listener.is_unix_ = listener.is_shared_ = true;
  LATCHKEY_TRY(clear_unix_path(path, address));
  const mode_t old_mask = ::umask(0177);
  const bool bound = ::bind(listener.fd_, as_sockaddr(&address), sizeof address) == 0;
  const int error = errno;
  ::umask(old_mask);
  if (!bound) return unix_error(path, error);
  LATCHKEY_TRY(set_access(path, access));
  if (::listen(listener.fd_, kBacklog) != 0) return unix_error(path, errno);
  return listener;
}

Result<Listener> Listener::adopt(int fd) {
  Listener listener(fd);
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  int listens = 0;
  int type = 0;
  socklen_t size = sizeof listens;
  const bool is_good = ::getsockname(fd, as_sockaddr(&address), &length) == 0 &&
                       ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM &&
                       ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0;
  const std::optional<Endpoint> endpoint = Endpoint::from_sockaddr(*as_sockaddr(&address));
  listener.is_unix_ = listener.is_shared_ = address.ss_family == AF_UNIX;
  if (!is_good || (!listener.is_unix_ && !endpoint)) {
    return failure(ErrorCode::kInvalid, fmt::format("descriptor {} is no socket that listens", fd));
  }
  listener.endpoint_ = endpoint.value_or(Endpoint{});
  // A ring does not wait for a connection at a socket that may not block.
  const int flags = ::fcntl(fd, F_GETFL);
  const bool is_ready = flags >= 0 && ::fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) == 0 &&
                        ::fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && ::listen(fd, kBacklog) == 0 &&
                        (listener.is_unix_ || set_option(fd, IPPROTO_TCP, TCP_NODELAY));
  if (!is_ready) {
    return failure(ErrorCode::kInvalid,
                   fmt::format("descriptor {} cannot be listened on: {}", fd, std::strerror(errno)));
  }
  return listener;
}

std::string Listener::path() const {
  sockaddr_un address{};
  socklen_t length = sizeof address;
  if (!is_unix_ || ::getsockname(fd_, as_sockaddr(&address), &length) != 0) return {};
  return {address.sun_path, ::strnlen(address.sun_path, sizeof address.sun_path)};
}

Result<void> Listener::set_unix_access(const UnixAccess& access) const { return set_access(path(), access); }

Result<Listener> Listener::duplicate() {
  Listener other(::fcntl(fd_, F_DUPFD_CLOEXEC, 0));
  if (other.fd_ < 0) {
    return failure(ErrorCode::kUnavailable,
                   fmt::format("cannot share a listening socket among cores: {}", std::strerror(errno)));
  }
  is_shared_ = true;
  other.endpoint_ = endpoint_;
  other.is_unix_ = is_unix_;
  other.is_shared_ = true;
  return other;
}

Endpoint peer_of(int fd) noexcept {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (::getpeername(fd, as_sockaddr(&address), &length) != 0) return {};
  return Endpoint::from_sockaddr(*as_sockaddr(&address)).value_or(Endpoint{});
}

std::optional<PeerProcess> peer_process_of(int fd) noexcept {
  ucred peer{};
  socklen_t length = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return std::nullopt;
  return PeerProcess{peer.uid, peer.gid, peer.pid};
}

bool peer_is_of_group(int fd, gid_t group) noexcept {
  const std::optional<PeerProcess> peer = peer_process_of(fd);
  if (peer && peer->group == group) return true;
  std::array<gid_t, kMaxPeerGroups> groups{};
  socklen_t length = sizeof groups;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &length) != 0) return false;
  const std::span<const gid_t> known(groups.data(), length / sizeof(gid_t));
  return std::find(known.begin(), known.end(), group) != known.end();
}

Acceptor::~Acceptor() {
  LATCHKEY_ASSERT(!armed_);
  loop_.forget(*this);
}

void Acceptor::start() { arm(); }

void Acceptor::arm() noexcept {
  loop_.ring().start(this, [this](io_uring_sqe& entry) {
    if (listener_.is_shared()) {
      io_uring_prep_accept(&entry, listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
      return;
    }
    // Multishot: one submission serves every connection to come. Peers' addresses are asked for one by one,
    // because the next connection would overwrite a buffer that all share.
    io_uring_prep_multishot_accept(&entry, listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
  });
  armed_ = true;
}

void Acceptor::stop() noexcept {
  stopping_ = true;
  if (armed_) loop_.ring().cancel(*this);
}

void Acceptor::complete(std::int32_t result, std::uint32_t flags) noexcept {
  if ((flags & IORING_CQE_F_MORE) == 0) armed_ = false;
  if (result >= 0) {
    handler_.accepted(result);
  } else if (!stopping_ && !concerns_one_peer(-result)) {
    // -EAGAIN only means that nobody has come yet. It is no refusal.
    if (result != -EAGAIN) handler_.accept_failed(result);
    if (!armed_ && !paused_) {
      paused_ = true;
      loop_.watch(*this, loop_.now().ms + kRetryMs);
    }
  }
  if (!armed_ && !stopping_ && !paused_) arm();
}

std::int64_t Acceptor::look(BootTime) noexcept {
  loop_.forget(*this);
  paused_ = false;
  if (!stopping_ && !armed_) arm();
  return runtime::kNever;
}

}  // namespace latchkey::net
