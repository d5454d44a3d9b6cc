#include "support/http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <system_error>

#include "support/child_process.h"

namespace latchkey::test {

namespace {

[[noreturn]] void fail(const std::string& what) {
  throw ClientError(what + ": " + std::system_category().message(errno));
}

bool is_name(std::string_view left, std::string_view right) {
  return left.size() == right.size() && ::strncasecmp(left.data(), right.data(), left.size()) == 0;
}

sockaddr_in address_of(const std::string& ip, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (::inet_pton(AF_INET, ip.c_str(), &address.sin_addr) != 1) throw ClientError("no IPv4 address: " + ip);
  return address;
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw ClientError("too long for a socket's path: " + path);
  path.copy(address.sun_path, path.size());
  return address;
}

void wait_for(int socket, short events, const char* what) {
  pollfd ready{socket, events, 0};
  const auto patience_ms = std::chrono::milliseconds(kPatience).count();
  const int count = ::poll(&ready, 1, static_cast<int>(patience_ms));
  if (count < 0) fail("poll");
  if (count == 0) throw ClientTimeout(std::string("the server did not ") + what);
}

std::size_t number_in(std::string_view digits) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size()) {
    throw ClientError("no number: " + std::string(digits));
  }
  return number;
}

Response parse_status_line(const std::string& line) {
  constexpr std::size_t kReasonAt = 13;  // After `HTTP/1.1 200 `.
  if (!line.starts_with("HTTP/1.1 ") || line.size() < kReasonAt || line[kReasonAt - 1] != ' ') {
    throw ClientError("no status line: " + line);
  }
  Response response;
  response.status = static_cast<int>(number_in(std::string_view(line).substr(9, 3)));
  response.reason = line.substr(kReasonAt);
  return response;
}

}  // namespace

std::optional<std::string> Response::header(std::string_view name) const {
  for (const auto& [its_name, value] : headers) {
    if (is_name(its_name, name)) return value;
  }
  return std::nullopt;
}

std::size_t Response::lines(std::string_view name) const {
  std::size_t count = 0;
  for (const auto& line : headers) count += is_name(line.first, name) ? std::size_t{1} : 0;
  return count;
}

HttpClient::HttpClient(const Door& door, const std::string& source) {
  socket_ = ::socket(door.path.empty() ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket_ < 0) fail("socket");
  if (!door.path.empty()) {
    const sockaddr_un to = address_of(door.path);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) fail("connect");
    return;
  }
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const sockaddr_in from = address_of(source, 0);
  const sockaddr_in to = address_of("127.0.0.1", door.port);
  if (::bind(socket_, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) fail("bind");
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) fail("connect");
}

HttpClient::HttpClient(HttpClient&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), received_(std::move(other.received_)) {}

HttpClient::~HttpClient() {
  if (socket_ >= 0) ::close(socket_);
}

void HttpClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    wait_for(socket_, POLLOUT, "take what was sent");
    // The wait above has a bound. A blocking send has none.
    const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN) continue;
    if (count < 0) fail("send");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

bool HttpClient::read_more() {
  wait_for(socket_, POLLIN, "answer");
  std::array<char, 16384> bytes{};
  const ssize_t count = ::recv(socket_, bytes.data(), bytes.size(), 0);
  if (count < 0) fail("recv");
  received_.append(bytes.data(), static_cast<std::size_t>(count));
  return count > 0;
}

std::string HttpClient::take_line() {
  std::size_t end = received_.find("\r\n");
  while (end == std::string::npos) {
    if (!read_more()) throw ClientError("closed within an answer, after: " + received_);
    end = received_.find("\r\n");
  }
  std::string line = received_.substr(0, end);
  received_.erase(0, end + 2);
  return line;
}

std::string HttpClient::take_bytes(std::size_t count) {
  while (received_.size() < count) {
    if (!read_more()) throw ClientError("closed within a body, after: " + received_);
  }
  std::string bytes = received_.substr(0, count);
  received_.erase(0, count);
  return bytes;
}

Response HttpClient::receive_any(bool to_head) {
  Response response = parse_status_line(take_line());
  for (std::string line = take_line(); !line.empty(); line = take_line()) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos) throw ClientError("no header line: " + line);
    response.headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
  }
  const bool has_no_body = response.status < 200 || response.status == 204 || response.status == 304;
  if (has_no_body) return response;
  if (response.lines("Content-Length") != 1) throw ClientError("an answer without one Content-Length");
  const std::size_t length = number_in(response.value("Content-Length"));
  if (!to_head) response.body = take_bytes(length);
  return response;
}

Response HttpClient::receive(bool to_head) {
  Response response = receive_any(to_head);
  while (response.status < 200) response = receive_any(to_head);
  return response;
}

Response HttpClient::request(std::string_view method, std::string_view target, const HeaderLines& headers,
                             std::string_view body) {
  send(request_bytes(method, target, headers, body));
  return receive(method == "HEAD");
}

bool HttpClient::is_closed_by_server() {
  while (received_.empty()) {
    if (!read_more()) return true;
  }
  return false;
}

std::string HttpClient::read_to_end() {
  while (read_more()) {
  }
  return std::exchange(received_, {});
}

bool HttpClient::has_answer_within(std::chrono::milliseconds time) {
  pollfd ready{socket_, POLLIN, 0};
  return !received_.empty() || ::poll(&ready, 1, static_cast<int>(time.count())) != 0;
}

bool HttpClient::was_reset() const {
  pollfd wanted{socket_, 0, 0};
  return ::poll(&wanted, 1, 0) > 0 && (wanted.revents & (POLLERR | POLLHUP)) != 0;
}

void HttpClient::finish_sending() { ::shutdown(socket_, SHUT_WR); }

void HttpClient::reset() {
  const linger at_once{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(std::exchange(socket_, -1));
}

std::string request_bytes(std::string_view method, std::string_view target, const HeaderLines& headers,
                          std::string_view body) {
  std::string bytes(method);
  bytes.append(" ").append(target).append(" HTTP/1.1\r\n");
  const bool names_host =
      std::any_of(headers.begin(), headers.end(), [](const auto& header) { return header.first == "Host"; });
  if (!names_host) bytes.append("Host: localhost\r\n");
  for (const auto& [name, value] : headers) bytes.append(name).append(": ").append(value).append("\r\n");
  if (!body.empty() || method == "POST") {
    bytes.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  }
  return bytes.append("\r\n").append(body);
}

}  // namespace latchkey::test
