// Core: one core thread's loop, listeners, connections, shard and services, wired together.
// Thread: the main thread creates it, and destroys it after its own thread, which runs it, has ended.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include "latchkey/api/sessions.h"
#include "latchkey/base/rated_log.h"
#include "latchkey/credential/authenticator.h"
#include "latchkey/credential/hash_client.h"
#include "latchkey/credential/hash_pool.h"
#include "latchkey/credential/sqlite_directory.h"
#include "latchkey/credential/sqlite_known_addresses.h"
#include "latchkey/http/connection.h"
#include "latchkey/net/listener.h"
#include "latchkey/runtime/buffer_ring.h"
#include "latchkey/runtime/loop.h"
#include "latchkey/store/sqlite_store.h"
#include "latchkey/token/lookahead.h"
#include "latchkey/token/shard.h"
#include "server/connection_counts.h"
#include "server/core_context.h"
#include "server/core_metrics.h"
#include "server/terms.h"

namespace latchkey::server {

/// What arrives on a listener's connections.
enum class Entrance : std::uint8_t {
  kClients,  ///< HTTP from the first byte, from a client or a proxy
  kProxied,  ///< a PROXY protocol header, then HTTP
  kAdmin,    ///< the administrator's commands
  kStatus,   ///< questions about health and metrics; on the main thread, so no core has one
};

/// A listening socket of one core.
struct CoreListener {
  net::Listener listener;
  Entrance entrance = Entrance::kClients;
  http::ProxyFamily asks = http::ProxyFamily::kNone;  ///< kClients: if not kNone, everything is a question
  std::optional<gid_t> admin_group{};                 ///< kAdmin: whose members may come too
};

/// What a core has at one moment.
struct CoreLevels {
  token::ShardCounts tokens;
  std::int64_t oldest_refresh_ms = 0;  ///< how long the oldest use that waits has waited
  std::size_t store_jobs = 0;          ///< at the store, and not answered yet
};

/// Logs that the kernel refused to accept a connection (-errno).
void log_failed_accept(Log& log, int error);

/// How a core's connections end.
struct DrainTimes {
  BootTime deadline;  ///< when those that are busy are broken off
  /// How long those without a request may still bring one, which is answered as their last. 0: they end at
  /// once.
  std::chrono::milliseconds idle;
};

class Core final : private runtime::LoopHook {
 public:
  /// `number` is both the core's port and its shard.
  /// Lifetime: everything passed by reference must outlive the core.
  /// Errors: those of the ring and of the buffers.
  static Result<std::unique_ptr<Core>> create(std::size_t number, runtime::Port& port, token::Shard& shard,
                                              std::vector<CoreListener> listeners, CoreContext& context);
  ~Core() override;

  int ring_fd() noexcept { return loop_.ring().fd(); }
  runtime::PortId port_id() const noexcept { return static_cast<runtime::PortId>(number_); }

  /// Starts the thread and waits until its ring is enabled.
  Result<void> start(const runtime::RingTable& rings);
  /// Lets the started thread run.
  /// Requires: every ring is enabled.
  void go();
  void join();

  /// The steps of a stop. Each ends on all cores before the next begins. From `end_old_connections` on
  /// everything is answered as its connection's last. It ends with the connections that were open before, or
  /// when `drain` needs the rest of the time. The core goes on accepting meanwhile, so that nobody waits for
  /// those connections, but if they end at once. `drain` accepts no more, and lets the others end. False if
  /// some were broken off.
  /// Thread: the core's own, called by mailbox.
  runtime::Task<bool> end_old_connections(DrainTimes times);
  runtime::Task<bool> drain(DrainTimes times);
  /// Ends the shard, which writes what it owes the store. False if the store refused.
  runtime::Task<bool> end_shard();
  /// Ends the loop once everything that it runs has ended.
  bool end_loop() noexcept;

  /// Thread: the core's own, called by mailbox.
  CoreLevels levels() noexcept;

  /// What the core counts. No reload replaces it.
  /// Thread: any.
  struct Counts {
    const CoreMetrics& core;
    const http::HttpMetrics& http;
    const api::ApiMetrics& api;
    const credential::AuthenticatorMetrics& authenticator;
    const credential::HashMetrics& hashes;
    const token::ShardMetrics& tokens;
  };
  Counts counts() const noexcept {
    return {metrics_,
            connection_services_.metrics,
            api_metrics_,
            authenticator_.metrics(),
            hash_client_.metrics(),
            shard_.metrics()};
  }
  /// The same under all settings.
  /// Thread: any.
  std::span<const std::string_view> resource_paths() const noexcept { return resource_paths_; }

  /// Makes terms of this core's for these of all, for `serve_by`.
  /// Thread: the main thread.
  std::shared_ptr<CoreTerms> make_terms(std::shared_ptr<const Terms> terms);
  /// Answers every request by these that begins from now on.
  /// Thread: the core's own, called by mailbox between two completions.
  bool serve_by(std::shared_ptr<CoreTerms> terms);

 private:
  /// Where a connection is counted: nowhere if `by` is null.
  struct Place {
    std::shared_ptr<ConnectionCounts> by;
    ConnectionCounts::Cell cell = ConnectionCounts::kUncounted;
  };
  /// Where a connection comes from.
  struct Origin {
    http::ConnectionOrigin connection;
    Entrance entrance;
    Place place;  ///< the client's; nowhere until the PROXY protocol names it
  };
  /// One open connection, linked into its core's list.
  struct Client;
  /// Accepts connections from one listener.
  class Door;
  /// What serves the administrator's commands on one connection.
  struct AdminService;

  /// Prefetches the memory of the tokens that a batch of receives has brought.
  class Preview final : public runtime::BatchPreview {
   public:
    Preview(const runtime::BufferRing& buffers, const token::Registry& registry) noexcept
        : buffers_(buffers), tokens_(registry) {}
    void coming(std::int32_t result, std::uint32_t flags) noexcept override {
      tokens_.see(buffers_.peek(flags, result));
    }
    void all_seen() noexcept override { tokens_.fetch(); }

   private:
    const runtime::BufferRing& buffers_;
    token::Lookahead tokens_;
  };

  Core(std::size_t number, std::unique_ptr<runtime::Ring> ring, std::unique_ptr<runtime::BufferRing> buffers,
       runtime::Port& port, token::Shard& shard, std::vector<CoreListener> listeners, CoreContext& context);

  void before_wait() noexcept override;
  void after_wait() noexcept override;
  std::int64_t pass(BootTime now) noexcept override;

  void run(const runtime::RingTable& rings) noexcept;
  void accept(int fd, const CoreListener& at);
  std::optional<Place> take_place(const net::IpAddress& source) noexcept;
  void refuse(const http::ConnectionOrigin& origin, const char* reason,
              std::optional<CoreBound> bound = std::nullopt);
  static runtime::Task<void> serve(Core& core, int fd, Origin origin);
  void begin_draining(BootTime idle_until);
  void close_listeners() noexcept;
  void link(Client& client) noexcept;
  void unlink(Client& client) noexcept;

  const std::size_t number_;
  CoreContext& context_;
  RatedLog log_;
  std::unique_ptr<runtime::BufferRing> buffers_;
  runtime::Loop loop_;
  token::Shard& shard_;
  std::vector<CoreListener> listeners_;

  store::SqliteStore store_;
  credential::SqliteDirectory directory_;
  credential::HashClient hash_client_;
  credential::SqliteKnownAddresses known_addresses_;
  credential::Authenticator authenticator_;
  api::Sessions sessions_;
  Preview preview_;
  runtime::Turns turns_;
  api::ApiMetrics api_metrics_;
  std::shared_ptr<CoreTerms> terms_;
  const std::vector<std::string_view> resource_paths_;
  http::ServerLines lines_;
  http::ConnectionServices connection_services_;

  CoreMetrics metrics_;
  PassMeter pass_meter_;

  std::vector<std::unique_ptr<Door>> doors_;
  Client* first_client_ = nullptr;
  std::size_t clients_ = 0;
  std::size_t old_clients_ = 0;  ///< draining: those that were there at its beginning

  Result<void> enabled_;
  std::atomic<bool> ready_{false};
  std::atomic<bool> going_{false};
  std::thread thread_;
};

}  // namespace latchkey::server
