#include "load/responder.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <chrono>
#include <stdexcept>
#include <utility>

namespace latchkey::test {

namespace {

constexpr int kBacklog = 512;

}  // namespace

Responder::Responder(ResponderOptions options) : options_(std::move(options)) {
  stop_ = ::eventfd(0, EFD_CLOEXEC);
  listen();
  thread_ = std::thread([this] { run(); });
}

void Responder::listen() {
  if (!options_.unix_path.empty()) {
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    options_.unix_path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (::bind(listener_, std::bit_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_, kBacklog) != 0) {
      throw std::runtime_error("the responder cannot listen at " + options_.unix_path);
    }
    return;
  }
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t bytes = sizeof address;
  auto* const where = std::bit_cast<sockaddr*>(&address);
  if (::bind(listener_, where, bytes) != 0 || ::listen(listener_, kBacklog) != 0 ||
      ::getsockname(listener_, where, &bytes) != 0) {
    throw std::runtime_error("the responder cannot listen on a port of 127.0.0.1");
  }
  port_ = ntohs(address.sin_port);
}

Responder::~Responder() {
  ::eventfd_write(stop_, 1);
  thread_.join();
  for (const Peer& peer : peers_) ::close(peer.fd);
  ::close(listener_);
  ::close(stop_);
}

std::string Responder::url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }

void Responder::run() {
  while (true) {
    std::vector<pollfd> waits = {{stop_, POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const Peer& peer : peers_) waits.push_back({peer.fd, POLLIN, 0});
    ::poll(waits.data(), waits.size(), -1);
    if (waits[0].revents != 0) return;
    // From the end, so that removing one moves only those that were already served.
    for (std::size_t i = peers_.size(); i-- > 0;) {
      if (waits[i + 2].revents == 0 || serve(peers_[i])) continue;
      ::close(peers_[i].fd);
      peers_.erase(peers_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (waits[1].revents != 0) accept_one();
  }
}

void Responder::accept_one() {
  const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0) return;
  ++accepted_;
  peers_.push_back({fd, {}});
}

// Returns false if the connection is over.
bool Responder::serve(Peer& peer) {
  constexpr std::string_view kHeadEnd = "\r\n\r\n";
  std::array<char, 65536> buffer{};
  const ssize_t got = ::recv(peer.fd, buffer.data(), buffer.size(), 0);
  if (got <= 0) return false;
  peer.received.append(buffer.data(), static_cast<std::size_t>(got));
  std::string answers;
  std::uint64_t count = 0;
  for (std::size_t end = 0; (end = peer.received.find(kHeadEnd)) != std::string::npos;) {
    peer.received.erase(0, end + kHeadEnd.size());
    if (options_.answer.empty()) continue;
    answers += options_.answer;
    ++count;
    if (options_.closes_after_answer) break;
  }
  if (count == 0) return true;
  // The peer measures this delay. It is not a wait for an event.
  if (answered_ == 0) std::this_thread::sleep_for(std::chrono::milliseconds(options_.first_delay_ms));
  answered_ += count;
  return ::send(peer.fd, answers.data(), answers.size(), MSG_NOSIGNAL) ==
             static_cast<ssize_t>(answers.size()) &&
         !options_.closes_after_answer;
}

}  // namespace latchkey::test
