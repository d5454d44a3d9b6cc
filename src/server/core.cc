#include "server/core.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <span>

#include "latchkey/api/admin.h"
#include "latchkey/base/assert.h"
#include "latchkey/base/named_thread.h"
#include "latchkey/net/file_inbox.h"
#include "latchkey/net/socket_stream.h"
#include "latchkey/runtime/await.h"
#include "latchkey/server/core_ring.h"
#include "server/admin_handler.h"

namespace latchkey::server {

namespace {

// How often a core that drains checks whether its last connection has gone.
constexpr std::chrono::milliseconds kDrainLook{20};

constexpr const char* kManyInAll = "as many connections are open as the setting `connections` allows";
constexpr const char* kManyOfClient =
    "a client has as many connections open as the setting `connections_by_address` allows";
constexpr const char* kNoDescriptors =
    "the descriptors have run out, but for those of `admin_listen`: raise the limit on open files";
constexpr const char* kStrangerAtAdmin =
    "the admin socket serves root, the user that this server runs as, and the group `admin_group`";

// Admin connections allowed beyond `connections`, so that an administrator gets in when the server is full.
constexpr std::size_t kSpareForAdmin = 16;

bool is_lack_of_descriptors(int error) noexcept { return error == -EMFILE || error == -ENFILE; }

/// The socket's mode says the same; this check holds even if the mode was changed.
bool may_administer(int fd, std::optional<gid_t> group) noexcept {
  const std::optional<net::PeerProcess> peer = net::peer_process_of(fd);
  if (!peer) return false;
  return peer->user == 0 || peer->user == ::geteuid() || (group && net::peer_is_of_group(fd, *group));
}

}  // namespace

/// One for each connection, because a file that the peer passes belongs to one connection.
struct Core::AdminService {
  explicit AdminService(Core& core)
      : terms(core.terms_),
        handler(core.loop_,
                {.directory = core.directory_,
                 .hasher = core.hash_client_,
                 .store = core.store_,
                 .sessions = core.sessions_,
                 .clock = core.context_.clock,
                 .log = core.log_,
                 .token_timeout = terms->terms->settings.token_timeout,
                 .throttle = terms->terms->throttle.get(),
                 .keyring = &core.context_.keyring,
                 .key_file = core.context_.key_file,
                 .metrics = &core.api_metrics_},
                core.context_.admin_counts,
                {core.loop_.port(), core.context_.control, core.context_.reloader, files}),
        services{core.loop_, terms->terms->connection, core.lines_, handler, core.log_} {
    services.draining = core.connection_services_.draining;
  }

  const std::shared_ptr<CoreTerms> terms;
  net::FileInbox files;
  AdminHandler handler;
  http::ConnectionServices services;
};

struct Core::Client final : public http::SourceGate {
  Client(Core& its_core, int fd, const Origin& origin)
      : core(its_core),
        admin(origin.entrance == Entrance::kAdmin ? std::make_unique<AdminService>(core) : nullptr),
        stream(core.loop_, *core.buffers_, fd, 0, net::SendBy::kSend, admin ? &admin->files : nullptr),
        connection(stream, admin ? admin->services : core.connection_services_, origin.connection,
                   origin.entrance == Entrance::kProxied ? this : nullptr),
        place(origin.place) {}

  bool admit(const net::IpAddress& source) override {
    std::optional<Place> taken = core.take_place(source);
    if (taken) {
      place = std::move(*taken);
    } else {
      core.refuse({source}, kManyOfClient, CoreBound::kConnectionsByAddress);
    }
    return taken.has_value();
  }

  Core& core;
  const std::unique_ptr<AdminService> admin;
  net::SocketStream stream;
  http::Connection connection;
  Place place;
  bool is_old = false;  ///< it was there when the draining began
  Client* previous = nullptr;
  Client* next = nullptr;
};

class Core::Door final : public net::Acceptor::Handler {
 public:
  Door(Core& core, const CoreListener& listener)
      : core_(core), listener_(listener), acceptor_(core.loop_, listener.listener, *this) {}

  void open() { acceptor_.start(); }
  void close() noexcept { acceptor_.stop(); }
  bool is_closed() const noexcept { return acceptor_.stopped(); }

  void accepted(int fd) override { core_.accept(fd, listener_); }
  void accept_failed(int error) override {
    core_.metrics_.refused[is_lack_of_descriptors(error) ? CoreBound::kDescriptors : CoreBound::kMemory]
        .add();
    log_failed_accept(core_.log_, error);
  }

 private:
  Core& core_;
  const CoreListener& listener_;
  net::Acceptor acceptor_;
};

void log_failed_accept(Log& log, int error) {
  LimitedEvent(log, LogLevel::kWarning, "accept.failed")
      .field("reason", std::strerror(-error))
      .field("remedy", is_lack_of_descriptors(error)
                           ? "raise the limit on open files (LimitNOFILE=) or lower `connections`"
                           : "give the machine more memory or lower `connections`");
}

Result<std::unique_ptr<Core>> Core::create(std::size_t number, runtime::Port& port, token::Shard& shard,
                                           std::vector<CoreListener> listeners, CoreContext& context) {
  runtime::RingSettings settings;
  settings.submission_entries = kSubmissionEntries;
  settings.completion_entries = kCompletionEntries;
  const bool serves_admin = std::any_of(listeners.begin(), listeners.end(), [](const CoreListener& listener) {
    return listener.entrance == Entrance::kAdmin;
  });
  settings.operations = serves_admin ? std::span<const std::uint8_t>(kAdminCoreOperations) : kCoreOperations;
  LATCHKEY_TRY(std::unique_ptr<runtime::Ring> ring, runtime::Ring::create(settings));
  LATCHKEY_TRY(std::unique_ptr<runtime::BufferRing> buffers,
               runtime::BufferRing::create(*ring, kBuffers, kBufferBytes));
  return std::unique_ptr<Core>(
      new Core(number, std::move(ring), std::move(buffers), port, shard, std::move(listeners), context));
}

Core::Core(std::size_t number, std::unique_ptr<runtime::Ring> ring,
           std::unique_ptr<runtime::BufferRing> buffers, runtime::Port& port, token::Shard& shard,
           std::vector<CoreListener> listeners, CoreContext& context)
    : number_(number),
      context_(context),
      log_(context.log, context.clock),
      buffers_(std::move(buffers)),
      loop_(std::move(ring), port, context.clock),
      shard_(shard),
      listeners_(std::move(listeners)),
      store_(port, context.store),
      directory_(port, context.store),
      hash_client_(port, context.hash_pool, context.terms->hash_queue),
      known_addresses_(port, context.store),
      authenticator_(directory_, hash_client_, log_, context.name_key),
      sessions_(port, context.sessions),
      preview_(*buffers_, sessions_.registry()),
      terms_(make_terms(context.terms)),
      resource_paths_(terms_->api.resource_paths().begin(), terms_->api.resource_paths().end()),
      lines_(context.terms->settings.node),
      connection_services_{loop_, terms_->terms->connection, lines_, terms_->api, log_} {
  connection_services_.forwarding = terms_->terms->forwarding.get();
  connection_services_.keeps = terms_;
  if (context.access != nullptr) connection_services_.access = &context.access->ring_of(number);
  loop_.ring().set_preview(preview_);
  loop_.add_hook(*this);
  loop_.add_hook(hash_client_);
  loop_.add_hook(turns_);
}

Core::~Core() { LATCHKEY_ASSERT(clients_ == 0 && !thread_.joinable()); }

std::shared_ptr<CoreTerms> Core::make_terms(std::shared_ptr<const Terms> terms) {
  return std::make_shared<CoreTerms>(std::move(terms),
                                     CoreTermsParts{.loop = loop_,
                                                    .log = log_,
                                                    .known_addresses = known_addresses_,
                                                    .authenticator = authenticator_,
                                                    .keyring = context_.keyring,
                                                    .sessions = sessions_,
                                                    .directory = directory_,
                                                    .hasher = hash_client_,
                                                    .store = store_,
                                                    .turns = turns_,
                                                    .metrics = api_metrics_,
                                                    .unknown_hosts = context_.unknown_hosts});
}

bool Core::serve_by(std::shared_ptr<CoreTerms> terms) {
  const Terms& of_all = *terms->terms;
  if (of_all.settings.node != terms_->terms->settings.node) {
    lines_ = http::ServerLines(of_all.settings.node);
    lines_.set_time(loop_.wall_now());
  }
  hash_client_.set_max_waiting(of_all.hash_queue);
  shard_.set_limits(of_all.settings.tokens_per_user, of_all.refresh_rows_per_second);
  connection_services_.settings = of_all.connection;
  connection_services_.handler = terms->api;
  connection_services_.forwarding = of_all.forwarding.get();
  connection_services_.keeps = terms;
  terms_ = std::move(terms);
  return true;
}

Result<void> Core::start(const runtime::RingTable& rings) {
  thread_ = named_thread(fmt::format("core-{}", number_), [this, &rings] { run(rings); });
  ready_.wait(false, std::memory_order_acquire);
  if (!enabled_) thread_.join();
  return enabled_;
}

void Core::go() {
  going_.store(true, std::memory_order_release);
  going_.notify_one();
}

void Core::join() {
  if (thread_.joinable()) thread_.join();
}

void Core::run(const runtime::RingTable& rings) noexcept {
  enabled_ = loop_.start(rings);
  ready_.store(true, std::memory_order_release);
  ready_.notify_one();
  if (!enabled_) return;
  clockid_t cpu_clock = 0;
  if (::pthread_getcpuclockid(::pthread_self(), &cpu_clock) == 0) metrics_.cpu_clock.store(cpu_clock);
  going_.wait(false, std::memory_order_acquire);
  context_.quiescence.activate(static_cast<runtime::CoreId>(number_));
  for (const CoreListener& listener : listeners_) doors_.push_back(std::make_unique<Door>(*this, listener));
  for (const std::unique_ptr<Door>& door : doors_) door->open();
  loop_.run();
  doors_.clear();
  context_.quiescence.rest(static_cast<runtime::CoreId>(number_));
}

void Core::before_wait() noexcept {
  pass_meter_.end(connection_services_.metrics.answered.value(), metrics_.passes);
  context_.quiescence.rest(static_cast<runtime::CoreId>(number_));
}

void Core::after_wait() noexcept {
  pass_meter_.begin(connection_services_.metrics.answered.value());
  context_.quiescence.activate(static_cast<runtime::CoreId>(number_));
  lines_.set_time(loop_.wall_now());
}

std::int64_t Core::pass(BootTime now) noexcept {
  shard_.advance(context_.table_clock.at(now), token::Shard::kVisitsPerPass);
  context_.quiescence.collect(static_cast<runtime::CoreId>(number_));
  const std::int64_t log_due_ms = log_.tell_left_out(now);
  if (shard_.behind()) return now.ms;
  const token::TableTime next = shard_.next_advance();
  return next == token::WriteBehind::kNoTime ? log_due_ms
                                             : std::min(log_due_ms, context_.table_clock.boot_of(next).ms);
}

void Core::accept(int fd, const CoreListener& at) {
  const bool is_admin = at.entrance == Entrance::kAdmin;
  const bool proxied = at.entrance == Entrance::kProxied;
  const bool is_unix = at.listener.is_unix();
  const http::ConnectionOrigin origin{is_unix ? net::IpAddress{} : net::peer_of(fd).address, is_unix, at.asks,
                                      fd};
  const net::IpAddress& peer = origin.peer;
  if (clients_ >= terms_->terms->max_connections + (is_admin ? kSpareForAdmin : 0)) {
    ::close(fd);
    return refuse(origin, kManyInAll, CoreBound::kConnections);
  }
  if (fd >= context_.end_of_descriptors) {
    ::close(fd);
    return refuse(origin, kNoDescriptors, CoreBound::kDescriptors);
  }
  if (is_admin && !may_administer(fd, at.admin_group)) {
    ::close(fd);
    return refuse(origin, kStrangerAtAdmin);
  }
  if (proxied && !terms_->terms->peer_rules.may_name_client(peer)) {
    ::close(fd);
    connection_services_.metrics.bounds[http::Bound::kProxyProtocol].add();
    // A peer that has gone already has no address.
    if (peer != net::IpAddress{}) terms_->terms->forwarding->stranger_came(peer, loop_.now());
    return;
  }
  std::optional<Place> place = Place();
  if (!is_unix && !proxied) place = take_place(peer);
  if (!place) {
    ::close(fd);
    return refuse(origin, kManyOfClient, CoreBound::kConnectionsByAddress);
  }
  loop_.nursery().spawn(serve(*this, fd, Origin{origin, at.entrance, std::move(*place)}));
}

/// Nothing if the source has as many connections as it may.
std::optional<Core::Place> Core::take_place(const net::IpAddress& source) noexcept {
  const Terms& terms = *terms_->terms;
  if (!terms.peer_rules.is_counted(source)) return Place();
  const std::optional<ConnectionCounts::Cell> cell = terms.connection_counts->take(source);
  if (!cell) return std::nullopt;
  return Place{terms.connection_counts, *cell};
}

void Core::refuse(const http::ConnectionOrigin& origin, const char* reason, std::optional<CoreBound> bound) {
  if (bound) metrics_.refused[*bound].add();
  LimitedEvent(log_, LogLevel::kWarning, "connection.refused")
      .field("peer", http::text_of_peer(origin))
      .field("connections", clients_)
      .field("reason", reason);
}

runtime::Task<void> Core::serve(Core& core, int fd, Origin origin) {
  const std::size_t kind = origin.entrance == Entrance::kProxied ? 1 : 0;
  if (origin.entrance != Entrance::kAdmin) core.metrics_.accepted[kind].add();
  Client client(core, fd, origin);
  core.link(client);
  LATCHKEY_AWAIT(client.connection.serve());
  LATCHKEY_AWAIT(client.stream.close());
  core.unlink(client);
  if (origin.entrance != Entrance::kAdmin) core.metrics_.ended[kind].add();
  if (client.place.by) client.place.by->give_back(client.place.cell);
}

void Core::link(Client& client) noexcept {
  client.next = first_client_;
  if (first_client_ != nullptr) first_client_->previous = &client;
  first_client_ = &client;
  ++clients_;
}

void Core::unlink(Client& client) noexcept {
  (client.previous == nullptr ? first_client_ : client.previous->next) = client.next;
  if (client.next != nullptr) client.next->previous = client.previous;
  --clients_;
  if (client.is_old) --old_clients_;
}

void Core::begin_draining(BootTime idle_until) {
  connection_services_.draining = true;
  connection_services_.idle_until = idle_until;
  old_clients_ = clients_;
  for (Client* client = first_client_; client != nullptr; client = client->next) {
    if (client->admin) client->admin->services.draining = true;
    client->is_old = true;
    client->connection.drain();
  }
}

runtime::Task<bool> Core::end_old_connections(DrainTimes times) {
  const BootTime began = loop_.now();
  begin_draining(began + times.idle);
  const BootTime accept_until =
      times.idle.count() == 0 ? began : std::max(began + times.idle, times.deadline - times.idle);
  // Who comes at the last moment has as long for a request.
  connection_services_.idle_until = accept_until + times.idle;
  while (old_clients_ > 0 && loop_.now() < accept_until) {
    co_await loop_.sleep_until(loop_.now() + kDrainLook);
  }
  co_return true;
}

runtime::Task<bool> Core::drain(DrainTimes times) {
  for (const std::unique_ptr<Door>& door : doors_) door->close();
  connection_services_.idle_until = loop_.now() + times.idle;
  for (Client* client = first_client_; client != nullptr; client = client->next) {
    if (!client->is_old) client->connection.drain();
  }
  bool aborted = false;
  while (clients_ > 0 || !doors_.empty() || hash_client_.in_hand() > 0) {
    close_listeners();
    if (!aborted && loop_.now() >= times.deadline) {
      aborted = true;
      for (Client* client = first_client_; client != nullptr; client = client->next) client->stream.abort();
    }
    co_await loop_.sleep_until(loop_.now() + kDrainLook);
  }
  co_return !aborted;
}

// Closes them once no accept is in progress. A client that connects from here on is refused at once and can
// try another server; an open listener would let it wait for an answer that never comes.
void Core::close_listeners() noexcept {
  if (!std::all_of(doors_.begin(), doors_.end(), [](const auto& door) { return door->is_closed(); })) return;
  doors_.clear();
  listeners_.clear();
}

runtime::Task<bool> Core::end_shard() { LATCHKEY_CO_RETURN(shard_.stop()); }

CoreLevels Core::levels() noexcept {
  CoreLevels levels{.tokens = shard_.counts(),
                    .store_jobs = loop_.port().unfinished(context_.store.port_id())};
  if (levels.tokens.refreshes_waiting > 0) {
    levels.oldest_refresh_ms = (context_.table_clock.at(loop_.now()) - levels.tokens.oldest_refresh).count();
  }
  return levels;
}

bool Core::end_loop() noexcept {
  loop_.stop();
  return true;
}

}  // namespace latchkey::server
