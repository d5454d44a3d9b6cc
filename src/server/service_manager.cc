#include "server/service_manager.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <string>
#include <system_error>

#include "server/stderr_sink.h"

namespace latchkey::server {

namespace {

// The only file that the ring has.
constexpr int kFixedFile = 0;

tl::unexpected<Error> unheard(std::string_view address, int error) {
  return failure(
      ErrorCode::kUnavailable,
      fmt::format("the service manager's socket {} cannot be reached: {}; it will not hear that the server "
                  "is ready: set NOTIFY_SOCKET to its path, or unset it",
                  address, std::strerror(error)));
}

/// Below the kernel's 253 (SCM_MAX_FD).
constexpr std::size_t kMostInAMessage = 128;

bool send_with(int socket, std::string_view state, std::span<const int> descriptors) noexcept {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostInAMessage * sizeof(int))> control{};
  iovec part{const_cast<char*>(state.data()), state.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
  }
  return ::sendmsg(socket, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(state.size());
}

}  // namespace

bool ManagerSocket::keep(std::string_view name, std::span<const int> sockets) const {
  const std::string state = fmt::format("FDSTORE=1\nFDNAME={}", name);
  for (; !sockets.empty(); sockets = sockets.subspan(std::min(kMostInAMessage, sockets.size()))) {
    if (send_with(fd_, state, sockets.first(std::min(kMostInAMessage, sockets.size())))) continue;
    say_on_stderr(fmt::format(
        "latchkeyd: the service manager cannot be given the sockets {}: {}; a restart will refuse connections\n",
        name, std::strerror(errno)));
    return false;
  }
  return true;
}

void ManagerSocket::forget(std::string_view name) const {
  if (is_connected()) send_with(fd_, fmt::format("FDSTOREREMOVE=1\nFDNAME={}", name), {});
}

ManagerSocket::~ManagerSocket() {
  if (fd_ >= 0) ::close(fd_);
}

Result<ManagerSocket> ManagerSocket::connect(const char* address) {
  const std::string_view name = address == nullptr ? "" : address;
  if (name.empty()) return ManagerSocket();
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  if ((name.front() != '/' && name.front() != '@') || name.size() >= sizeof where.sun_path) {
    return unheard(name, EINVAL);
  }
  std::memcpy(where.sun_path, name.data(), name.size());
  if (name.front() == '@') where.sun_path[0] = '\0';
  const auto length =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + (name.front() == '@' ? 0 : 1));
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return unheard(name, errno);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&where), length) != 0) {
    const int error = errno;
    ::close(fd);
    return unheard(name, error);
  }
  return ManagerSocket(fd);
}

std::chrono::milliseconds watchdog_of(const char* microseconds, const char* process, pid_t own) noexcept {
  const auto number_in = [](const char* text) {
    std::int64_t number = 0;
    if (text == nullptr) return number;
    const char* const end = text + std::strlen(text);
    const auto [after, error] = std::from_chars(text, end, number);
    return error == std::errc{} && after == end ? number : 0;
  };
  // The variables may be those of a parent that the manager watches.
  if (process != nullptr && number_in(process) != own) return {};
  const std::chrono::microseconds period(number_in(microseconds));
  return std::chrono::duration_cast<std::chrono::milliseconds>(period);
}

Result<std::unique_ptr<ServiceManager>> ServiceManager::create(ManagerSocket socket, runtime::Ring& ring,
                                                               const Clock& clock, Log& log) {
  // From here on the ring holds the file; the descriptor is closed with `socket`.
  if (socket.is_connected()) LATCHKEY_TRY(ring.register_file(socket.fd()));
  return std::unique_ptr<ServiceManager>(new ServiceManager(socket.is_connected(), ring, clock, log));
}

void ServiceManager::tell_stopping(std::chrono::milliseconds drain_timeout) noexcept {
  stopping_ = fmt::format("STOPPING=1\nEXTEND_TIMEOUT_USEC={}",
                          std::chrono::microseconds(drain_timeout + kMoreTime).count());
  tell(stopping_);
}

void ServiceManager::ask_for_time() noexcept {
  static_assert(kMoreTime == std::chrono::seconds(90));
  const BootTime now = clock_.boot();
  if (asked_ && now - *asked_ < kBetweenAsks) return;
  asked_ = now;
  tell("EXTEND_TIMEOUT_USEC=90000000");
}

void ServiceManager::tell(std::string_view state) noexcept {
  if (!is_there_) return;
  ring_.start(this, [state](io_uring_sqe& entry) {
    io_uring_prep_write(&entry, kFixedFile, state.data(), static_cast<unsigned>(state.size()), 0);
    entry.flags |= IOSQE_FIXED_FILE;
  });
  ring_.submit();
}

void ServiceManager::complete(std::int32_t result, std::uint32_t) noexcept {
  if (result >= 0) return;
  LogEvent(log_, LogLevel::kWarning, "service_manager.unreachable")
      .field("reason", std::strerror(-result))
      .field("effect", "it has not heard how the server fares");
}

}  // namespace latchkey::server
