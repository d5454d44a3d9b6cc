#include "restart_load.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace latchkey::test {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kEventsAtOnce = 512;
constexpr int kTickMs = 2;

int connect_from(const std::string& address, std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) throw std::runtime_error("no socket for the load: raise the limit of descriptors");
  const int on = 1;
  ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  sockaddr_in source{};
  source.sin_family = AF_INET;
  ::inet_pton(AF_INET, address.c_str(), &source.sin_addr);
  sockaddr_in target = source;
  target.sin_port = htons(port);
  ::inet_pton(AF_INET, "127.0.0.1", &target.sin_addr);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&source), sizeof source) != 0) {
    throw std::runtime_error("no such source: " + address);
  }
  static_cast<void>(::connect(fd, reinterpret_cast<const sockaddr*>(&target), sizeof target));
  return fd;
}

/// The length of the whole answer in `bytes`; 0 while it is not whole.
std::size_t answer_bytes(std::string_view bytes) {
  const std::size_t head = bytes.find("\r\n\r\n");
  if (head == std::string_view::npos) return 0;
  constexpr std::string_view kLength = "Content-Length: ";
  const std::size_t at = bytes.substr(0, head).find(kLength);
  const std::size_t body =
      at == std::string_view::npos ? 0 : std::strtoull(bytes.data() + at + kLength.size(), nullptr, 10);
  return bytes.size() >= head + 4 + body ? head + 4 + body : 0;
}

}  // namespace

/// One thread's clients.
class LoadLoop {
 public:
  LoadLoop(RestartLoad::Shared& shared, std::uint16_t port)
      : shared_(shared), port_(port), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}
  ~LoadLoop() {
    for (const auto& [fd, flight] : flights_) ::close(fd);
    ::close(epoll_);
  }
  LoadLoop(const LoadLoop&) = delete;
  LoadLoop& operator=(const LoadLoop&) = delete;

  void open_at_a_rate(const std::vector<LoadSource>& sources, std::size_t per_second) {
    const Clock::time_point began = Clock::now();
    std::size_t opened = 0;
    while (!shared_.stopping) {
      const auto passed = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began).count();
      const std::size_t due = static_cast<std::size_t>(passed) * per_second / 1'000'000;
      for (; opened < due; ++opened) open(sources[opened % sources.size()], Clock::now());
      turn();
    }
    finish();
  }

  void keep_alive(const LoadSource& source, std::size_t clients, milliseconds pause) {
    pause_ = pause;
    for (std::size_t i = 0; i < clients; ++i) open(source, Clock::now());
    while (!shared_.stopping) turn();
    finish();
  }

  static RestartLoad start(const std::function<void(LoadLoop&)>& work, std::uint16_t port) {
    auto shared = std::make_unique<RestartLoad::Shared>();
    std::thread thread([work, port, &parts = *shared] {
      LoadLoop loop(parts, port);
      work(loop);
    });
    return {std::move(shared), std::move(thread)};
  }

 private:
  struct Flight {
    const LoadSource* source;
    Clock::time_point due;     ///< of the request that is under way, or of the next one
    bool is_under_way = true;  ///< the request is due or sent
    bool is_sent = false;
    std::string received{};
  };

  bool stays() const noexcept { return pause_.count() > 0; }

  void open(const LoadSource& source, Clock::time_point due, bool is_under_way = true) {
    const int fd = connect_from(source.address, port_);
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.fd = fd;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    flights_.emplace(fd, Flight{&source, due, is_under_way});
  }

  void turn() {
    std::array<epoll_event, kEventsAtOnce> events{};
    const int count = ::epoll_wait(epoll_, events.data(), kEventsAtOnce, kTickMs);
    for (int i = 0; i < count; ++i) advance(events[static_cast<std::size_t>(i)].data.fd);
    const Clock::time_point now = Clock::now();
    if (now < next_look_) return;
    next_look_ = now + milliseconds(kTickMs * 5);
    std::vector<int> due;
    for (const auto& [fd, flight] : flights_) {
      const bool is_late = flight.is_under_way && now - flight.due > kLongestWait;
      const bool is_next = !flight.is_under_way && now >= flight.due && !shared_.stopping;
      if (is_late || is_next) due.push_back(fd);
    }
    for (const int fd : due) {
      Flight& flight = flights_.at(fd);
      if (flight.is_under_way) {
        end(fd, shared_.counts.too_late);
      } else {
        flight.is_under_way = true;
        advance(fd);
      }
    }
  }

  void finish() {
    const auto is_busy = [this] {
      return std::any_of(flights_.begin(), flights_.end(),
                         [](const auto& each) { return each.second.is_under_way; });
    };
    while (is_busy()) turn();
  }

  void advance(int fd) {
    const auto found = flights_.find(fd);
    if (found == flights_.end()) return;
    Flight& flight = found->second;
    int error = 0;
    socklen_t size = sizeof error;
    if (!flight.is_sent && ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error != 0) {
      return end(fd, error == ECONNREFUSED ? shared_.counts.refused : shared_.counts.reset);
    }
    if (flight.is_under_way && !flight.is_sent) {
      const std::string& request = flight.source->request;
      const ssize_t sent = ::send(fd, request.data(), request.size(), MSG_NOSIGNAL);
      if (sent < 0 && (errno == EAGAIN || errno == ENOTCONN)) return;
      if (sent != static_cast<ssize_t>(request.size())) return end(fd, shared_.counts.reset);
      flight.is_sent = true;
    }
    receive(fd, flight);
  }

  void receive(int fd, Flight& flight) {
    std::array<char, 8192> bytes{};
    ssize_t got = 0;
    while ((got = ::recv(fd, bytes.data(), bytes.size(), 0)) > 0) {
      flight.received.append(bytes.data(), static_cast<std::size_t>(got));
    }
    const bool is_open = got < 0 && errno == EAGAIN;
    if (flight.is_sent && answer_bytes(flight.received) > 0) return answered(fd, flight, is_open);
    if (is_open || (got < 0 && errno == ENOTCONN)) return;
    // A server may close a connection on which nobody waits.
    if (!flight.is_under_way) return reopen(fd);
    end(fd, shared_.counts.reset);
  }

  void answered(int fd, Flight& flight, bool is_open) {
    LoadCounts& counts = shared_.counts;
    const Clock::time_point now = Clock::now();
    const bool is_right = flight.received.starts_with("HTTP/1.1 200 ");
    ++(is_right ? counts.answered : counts.wrong);
    if (!is_right && counts.first_wrong.empty()) {
      counts.first_wrong = flight.received.substr(0, flight.received.find('\r'));
    }
    const auto waited = std::chrono::duration_cast<milliseconds>(now - flight.due).count();
    counts.longest_ms = std::max<std::int64_t>(counts.longest_ms, waited);
    if (!stays()) return forget(fd);
    const bool was_last = flight.received.find("\r\nConnection: close") != std::string::npos;
    flight.received.clear();
    flight.is_sent = flight.is_under_way = false;
    flight.due = now + pause_;
    if (was_last || !is_open) reopen(fd);
  }

  /// The client goes on over another connection, with the request that is due next.
  void reopen(int fd) {
    const Flight flight = flights_.at(fd);
    forget(fd);
    if (!shared_.stopping) open(*flight.source, flight.due, flight.is_under_way);
  }

  void end(int fd, std::uint64_t& count) {
    ++count;
    const Flight flight = flights_.at(fd);
    forget(fd);
    if (stays() && !shared_.stopping) open(*flight.source, Clock::now());
  }

  void forget(int fd) {
    flights_.erase(fd);
    ::close(fd);
  }

  RestartLoad::Shared& shared_;
  const std::uint16_t port_;
  const int epoll_;
  milliseconds pause_{0};
  Clock::time_point next_look_{};
  std::unordered_map<int, Flight> flights_;
};

RestartLoad RestartLoad::new_connections(std::uint16_t port, std::vector<LoadSource> sources,
                                         std::size_t per_second) {
  return LoadLoop::start([sources = std::move(sources),
                          per_second](LoadLoop& loop) { loop.open_at_a_rate(sources, per_second); },
                         port);
}

RestartLoad RestartLoad::kept_alive(std::uint16_t port, const LoadSource& source, std::size_t clients,
                                    milliseconds pause) {
  return LoadLoop::start(
      [source, clients, pause](LoadLoop& loop) { loop.keep_alive(source, clients, pause); }, port);
}

LoadCounts RestartLoad::stop() {
  shared_->stopping = true;
  if (thread_.joinable()) thread_.join();
  return shared_->counts;
}

RestartLoad::~RestartLoad() {
  if (shared_) stop();
}

}  // namespace latchkey::test
