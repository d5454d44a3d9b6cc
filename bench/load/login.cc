#include "load/login.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include "latchkey/http/response_reader.h"
#include "load/requests.h"
#include "load/socket.h"

namespace latchkey::load {

namespace {

constexpr int kOk = 200;
constexpr std::size_t kMaxShownBytes = 200;

/// A blocking connection, closed on destruction.
class Line {
 public:
  static Result<Line> open(const Plan& plan, std::size_t source) {
    const int fd = open_socket(plan.target, plan.source_address(source));
    if (fd < 0) return unreachable(plan, -fd);
    Line line(fd);
    const timeval patience{plan.timeout_ns / kNsPerSecond,
                           plan.timeout_ns % kNsPerSecond / kNsPerMicrosecond};
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_storage address{};
    const socklen_t bytes = plan.target.to_sockaddr(address);
    if (::connect(fd, std::bit_cast<const sockaddr*>(&address), bytes) != 0) {
      return unreachable(plan, errno == EINPROGRESS ? ETIMEDOUT : errno);
    }
    return line;
  }
  Line(Line&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Line& operator=(Line&&) = delete;
  ~Line() {
    if (fd_ >= 0) ::close(fd_);
  }

  bool send(std::string_view bytes) const noexcept {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// At most `into.size()` bytes; none if the server has ended the connection or the timeout has passed.
  std::string_view receive(std::span<char> into) const noexcept {
    ssize_t got = 0;
    do {
      got = ::recv(fd_, into.data(), into.size(), 0);
    } while (got < 0 && errno == EINTR);
    return {into.data(), got < 0 ? 0 : static_cast<std::size_t>(got)};
  }

 private:
  explicit Line(int fd) noexcept : fd_(fd) {}

  static tl::unexpected<Error> unreachable(const Plan& plan, int error) {
    return failure(ErrorCode::kUnavailable,
                   fmt::format("cannot connect to {}: {}; is the server running there?", plan.target.place(),
                               std::strerror(error)));
  }

  int fd_;
};

// `reader` holds the memory of the answer.
Result<void> exchange(const Plan& plan, const Line& line, std::string_view request,
                      http::ResponseReader& reader) {
  if (!line.send(request)) return failure(ErrorCode::kUnavailable, "the connection ended during the login");
  std::array<char, 4096> buffer{};
  while (true) {
    std::string_view bytes = line.receive(buffer);
    if (bytes.empty()) {
      return failure(ErrorCode::kUnavailable,
                     fmt::format("no answer to the login within {}",
                                 duration_text(static_cast<double>(plan.timeout_ns))));
    }
    const http::ResponseReader::Step step = reader.next(bytes, false, true);
    if (step == http::ResponseReader::Step::kAnswer) return {};
    if (step == http::ResponseReader::Step::kRefused) {
      return failure(ErrorCode::kInvalid,
                     fmt::format("the answer to the login cannot be read: {}", reader.refusal()));
    }
  }
}

Result<std::string> obtain_token(const Plan& plan, std::size_t source) {
  LATCHKEY_TRY(const Line line, Line::open(plan, source));
  http::ResponseReader reader;
  LATCHKEY_TRY(exchange(plan, line, login_request(plan, plan.agent), reader));
  const http::Answer& answer = reader.answer();
  if (answer.status != kOk) {
    return failure(ErrorCode::kInvalid, fmt::format("the login of '{}' was answered with {}: {}", plan.user,
                                                    answer.status, answer.body.substr(0, kMaxShownBytes)));
  }
  const std::string_view token = token_in(answer.body);
  if (token.empty()) return failure(ErrorCode::kInvalid, "the answer to the login has no token");
  return std::string(token);
}

}  // namespace

Result<void> reach(const Plan& plan) {
  LATCHKEY_TRY(Line::open(plan, 0));
  return {};
}

Result<void> obtain_tokens(Plan& plan) {
  for (std::size_t source = 0; source < plan.sources(); ++source) {
    LATCHKEY_TRY(std::string token, obtain_token(plan, source));
    plan.tokens.push_back(std::move(token));
  }
  return {};
}

}  // namespace latchkey::load
