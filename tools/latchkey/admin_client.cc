#include "admin_client.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "latchkey/http/response_reader.h"
#include "latchkey/net/listener.h"

namespace latchkey::command {

namespace {

class Socket {
 public:
  explicit Socket(int file) noexcept : file_(file) {}
  Socket(Socket&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  ~Socket() {
    if (file_ >= 0) ::close(file_);
  }
  int get() const noexcept { return file_; }
  int release() noexcept { return std::exchange(file_, -1); }

 private:
  int file_;
};

tl::unexpected<Error> cannot(std::string_view what, const std::filesystem::path& socket, int error) {
  const bool nobody = error == ENOENT || error == ECONNREFUSED;
  return failure(nobody ? ErrorCode::kNotFound : ErrorCode::kUnavailable,
                 fmt::format("the server's admin socket {}: cannot {}: {}", socket.string(), what,
                             std::system_category().message(error)));
}

tl::unexpected<Error> no_answer(const std::filesystem::path& socket) {
  return failure(
      ErrorCode::kUnavailable,
      fmt::format("the server at {} gave no whole answer: it may or may not have been done; see its log, and "
                  "look with 'user list' or 'token list'",
                  socket.string()));
}

/// Checks the owner of the process that called listen(2) on the socket.
Result<void> check_listener(const Socket& connected, const AdminSocket& socket) {
  const std::optional<net::PeerProcess> peer = net::peer_process_of(connected.get());
  if (!peer) return cannot("see who listens", socket.path, errno);
  if (peer->user == socket.owner || peer->user == 0) return {};
  return failure(
      ErrorCode::kInvalid,
      fmt::format("a process (pid {}) of the user with the id {} listens on {}, and not the server of the "
                  "user with the id {}, who owns the data directory: nothing was sent to it; see what "
                  "it is with `ps -fp {}`, and stop it",
                  peer->process, peer->user, socket.path.string(), socket.owner, peer->process));
}

Result<Socket> connect_to(const AdminSocket& admin) {
  const std::filesystem::path& path = admin.path;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = path.string();
  if (name.size() >= sizeof address.sun_path) return cannot("connect", path, ENAMETOOLONG);
  std::memcpy(address.sun_path, name.data(), name.size());
  Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return cannot("make a socket", path, errno);
  const timeval timeout{kAnswerTimeoutSeconds, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return cannot("connect", path, errno);
  }
  LATCHKEY_TRY(check_listener(socket, admin));
  return socket;
}

/// Who runs this command, for the server's log: the user that sudo was run by, or else this process's.
std::string own_user() {
  const char* const before_sudo = std::getenv("SUDO_UID");
  const std::string_view claimed = before_sudo == nullptr ? std::string_view() : before_sudo;
  if (!claimed.empty() && claimed.find_first_not_of("0123456789") == std::string_view::npos)
    return std::string(claimed);
  return std::to_string(::getuid());
}

bool send_all(const Socket& socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

/// Sends the byte, and the file with it.
bool pass_file(const Socket& socket, int file, std::string_view byte) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof file)> control{};
  iovec part{const_cast<char*>(byte.data()), byte.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof file);
  std::memcpy(CMSG_DATA(header), &file, sizeof file);
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(socket.get(), &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(byte.size());
}

}  // namespace

Result<void> probe_server(const AdminSocket& socket) {
  LATCHKEY_TRY(connect_to(socket));
  return {};
}

Conversation::~Conversation() { close(); }

void Conversation::close() {
  if (file_ >= 0) ::close(std::exchange(file_, -1));
}

Result<api::AdminReply> Conversation::ask(const api::AdminRequest& request, int file) {
  // Given back to `file_` only if the server keeps the connection.
  Socket connected(std::exchange(file_, -1));
  if (connected.get() < 0) {
    LATCHKEY_TRY(Socket made, connect_to(socket_));
    file_ = made.release();
    return ask(request, file);
  }
  const std::string_view body = request.body.view();
  const std::string head = fmt::format(
      "{} {} HTTP/1.1\r\nHost: latchkeyd\r\n{}: {}\r\nContent-Type: application/json\r\nContent-Length: "
      "{}\r\n\r\n",
      request.method, request.path, api::kClaimedUserField, own_user(), body.size());
  std::string_view rest = head;
  if (file >= 0) {
    if (!pass_file(connected, file, rest.substr(0, 1))) return no_answer(socket_.path);
    rest.remove_prefix(1);
  }
  if (!send_all(connected, rest) || !send_all(connected, body)) return no_answer(socket_.path);

  http::ResponseReader reader(kMaxAnswerBytes);
  std::array<char, 65536> part{};
  // The bound covers everything that arrives, interim answers included.
  for (std::size_t left = kMaxAnswerBytes; left > 0;) {
    const ssize_t got = ::recv(connected.get(), part.data(), std::min(part.size(), left), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    left -= static_cast<std::size_t>(got);
    std::string_view bytes(part.data(), static_cast<std::size_t>(got));
    const http::ResponseReader::Step step = reader.next(bytes, false, true);
    if (step == http::ResponseReader::Step::kRefused) break;
    if (step == http::ResponseReader::Step::kAnswer) {
      if (reader.answer().keep_alive) file_ = connected.release();
      return api::AdminReply{reader.answer().status, std::string(reader.answer().body)};
    }
  }
  return no_answer(socket_.path);
}

Result<api::AdminReply> ask_server(const AdminSocket& socket, const api::AdminRequest& request, int file) {
  return Conversation(socket).ask(request, file);
}

}  // namespace latchkey::command
