// StatusListener: accepts the connections of `admin_listen` on the main thread's loop, and serves HTTP on
// them. It has its own bound on connections, its own buffers and deadlines, and takes no part in the bounds
// of the cores, so that it answers while they are full. Thread: the main thread's.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "latchkey/base/clock.h"
#include "latchkey/base/rated_log.h"
#include "latchkey/http/connection.h"
#include "latchkey/net/listener.h"
#include "latchkey/runtime/buffer_ring.h"
#include "latchkey/runtime/loop.h"

namespace latchkey::server {

class StatusListener final : private runtime::LoopHook {
 public:
  /// One more is closed at once.
  static constexpr std::size_t kMaxConnections = 16;

  /// Thread: the loop's, between passes.
  /// Lifetime: everything passed by reference outlives the object.
  StatusListener(runtime::Loop& loop, runtime::BufferRing& buffers, std::vector<net::Listener> listeners,
                 http::Handler& handler, std::string_view node, Log& log, const Clock& clock);
  /// Drives the loop until every connection has ended.
  ~StatusListener() override;
  StatusListener(const StatusListener&) = delete;
  StatusListener& operator=(const StatusListener&) = delete;

  /// Begins to accept.
  /// Requires: the loop has been started.
  void open();
  /// Goes by another name from the next answer on.
  void set_node(std::string_view node);
  /// Accepts no more, and breaks off the connections. They end in later passes.
  void close() noexcept;

 private:
  struct Client;
  class Door;

  void after_wait() noexcept override { lines_.set_time(loop_.wall_now()); }
  std::int64_t pass(BootTime now) noexcept override { return log_.tell_left_out(now); }

  void accept(int fd);
  static runtime::Task<void> serve(StatusListener& self, int fd);
  bool is_closed() const noexcept;

  runtime::Loop& loop_;
  runtime::BufferRing& buffers_;
  RatedLog log_;
  const std::vector<net::Listener> listeners_;
  const http::ConnectionSettings settings_;
  http::ServerLines lines_;
  http::ConnectionServices services_;
  std::vector<std::unique_ptr<Door>> doors_;
  std::vector<Client*> clients_;  ///< in the frames of `serve`
};

}  // namespace latchkey::server
