#include "server/status_listener.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "latchkey/net/socket_stream.h"
#include "latchkey/runtime/await.h"
#include "server/core.h"

namespace latchkey::server {

namespace {

constexpr std::size_t kMaxHeadBytes = 8192;

/// Deadlines are short: whoever asks here is near and quick.
http::ConnectionSettings connection_settings() {
  http::ConnectionSettings settings;
  settings.head.max_head_bytes = kMaxHeadBytes;
  settings.max_body_bytes = 0;
  settings.header_timeout = std::chrono::seconds(5);
  settings.body_timeout = std::chrono::seconds(5);
  settings.idle_timeout = std::chrono::seconds(75);
  settings.write_timeout = std::chrono::seconds(10);
  return settings;
}

}  // namespace

struct StatusListener::Client {
  Client(StatusListener& owner, int fd, const http::ConnectionOrigin& origin)
      : stream(owner.loop_, owner.buffers_, fd, 0, net::SendBy::kWrite),
        connection(stream, owner.services_, origin, nullptr) {}

  net::SocketStream stream;
  http::Connection connection;
};

class StatusListener::Door final : public net::Acceptor::Handler {
 public:
  Door(StatusListener& owner, const net::Listener& listener)
      : owner_(owner), acceptor_(owner.loop_, listener, *this) {}

  void open() { acceptor_.start(); }
  void close() noexcept { acceptor_.stop(); }
  bool is_closed() const noexcept { return acceptor_.stopped(); }

  void accepted(int fd) override { owner_.accept(fd); }
  void accept_failed(int error) override { log_failed_accept(owner_.log_, error); }

 private:
  StatusListener& owner_;
  net::Acceptor acceptor_;
};

StatusListener::StatusListener(runtime::Loop& loop, runtime::BufferRing& buffers,
                               std::vector<net::Listener> listeners, http::Handler& handler,
                               std::string_view node, Log& log, const Clock& clock)
    : loop_(loop),
      buffers_(buffers),
      log_(log, clock),
      listeners_(std::move(listeners)),
      settings_(connection_settings()),
      lines_(node),
      services_{loop_, settings_, lines_, handler, log_} {
  for (const net::Listener& listener : listeners_) doors_.push_back(std::make_unique<Door>(*this, listener));
  loop_.add_hook(*this);
}

StatusListener::~StatusListener() {
  close();
  while (!is_closed()) loop_.pass();
}

void StatusListener::open() {
  for (const std::unique_ptr<Door>& door : doors_) door->open();
}

void StatusListener::set_node(std::string_view node) {
  lines_ = http::ServerLines(node);
  lines_.set_time(loop_.wall_now());
}

void StatusListener::close() noexcept {
  services_.draining = true;
  for (const std::unique_ptr<Door>& door : doors_) door->close();
  for (Client* const client : clients_) client->stream.abort();
}

bool StatusListener::is_closed() const noexcept {
  return clients_.empty() &&
         std::all_of(doors_.begin(), doors_.end(), [](const auto& door) { return door->is_closed(); });
}

void StatusListener::accept(int fd) {
  if (services_.draining) {
    ::close(fd);
    return;
  }
  if (clients_.size() >= kMaxConnections) {
    LimitedEvent(log_, LogLevel::kWarning, "connection.refused")
        .field("peer", net::peer_of(fd).address.to_text())
        .field("connections", clients_.size())
        .field("reason", "as many connections are open at `admin_listen` as it serves");
    ::close(fd);
    return;
  }
  loop_.nursery().spawn(serve(*this, fd));
}

runtime::Task<void> StatusListener::serve(StatusListener& self, int fd) {
  http::ConnectionOrigin origin;
  origin.peer = net::peer_of(fd).address;
  Client client(self, fd, origin);
  self.clients_.push_back(&client);
  LATCHKEY_AWAIT(client.connection.serve());
  LATCHKEY_AWAIT(client.stream.close());
  std::erase(self.clients_, &client);
}

}  // namespace latchkey::server
