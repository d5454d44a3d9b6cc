#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "latchkey/base/file_rules.h"
#include "latchkey/credential/stored_kinds.h"
#include "latchkey/server/fatal_end.h"
#include "latchkey/server/room_settings.h"
#include "latchkey/server/server_process.h"

namespace latchkey::server {

namespace {

// It reads signals, and writes to the service manager.
constexpr std::array<std::uint8_t, 4> kControlOperations = {IORING_OP_READ, IORING_OP_WRITE,
                                                            IORING_OP_MSG_RING, IORING_OP_ASYNC_CANCEL};
constexpr unsigned kControlEntries = 64;

// Unfinished messages from one thread to another; past it a client is told 503. Few threads afford more.
constexpr std::size_t kFewPorts = 32;
constexpr std::size_t kMessagesOfFew = 1024;
constexpr std::size_t kMessagesOfMany = 256;

}  // namespace

Result<void> ServerProcess::bind_sockets() {
  listeners_.resize(cores_count_);
  const auto bind_all = [this](const std::vector<net::Endpoint>& endpoints, bool proxied) -> Result<void> {
    for (net::Endpoint endpoint : endpoints) {
      LATCHKEY_TRY(net::Listener::check_free(endpoint));
      for (std::vector<CoreListener>& of_core : listeners_) {
        LATCHKEY_TRY(net::Listener listener, net::Listener::bind_tcp(endpoint));
        endpoint = listener.endpoint();  // port 0 has become a port, the same for all cores
        of_core.push_back({std::move(listener), proxied});
      }
      endpoints_.emplace_back(endpoint, proxied);
    }
    return {};
  };
  LATCHKEY_TRY(bind_all(settings_.listen, false));
  LATCHKEY_TRY(bind_all(settings_.proxy_listen, true));
  // The data directory has been looked at.
  const std::filesystem::path above =
      settings_.admin_socket.has_parent_path() ? settings_.admin_socket.parent_path() : ".";
  if (above != settings_.data) {
    LATCHKEY_TRY(check_safe_directory(above.string(), "the directory of admin_socket"));
  }
  LATCHKEY_TRY(net::Listener admin, net::Listener::bind_unix(settings_.admin_socket.string()));
  admin_listener_.emplace(std::move(admin));
  std::vector<std::string> names;
  names.reserve(endpoints_.size());
  for (const auto& [endpoint, proxied] : endpoints_) names.push_back(endpoint.to_text());
  directory_->note_endpoints(names);
  return {};
}

// While the database is still this thread's: the pool has to know which hashes stand in it (C-14).
Result<void> ServerProcess::make_hash_pool() {
  std::vector<runtime::PortId> workers;
  for (std::size_t worker = 0; worker < workers_count_; ++worker) workers.push_back(hash_port(worker));
  std::vector<runtime::PortId> standbys;
  for (std::size_t i = 0; i < standbys_count_; ++i) standbys.push_back(standby_port(i));
  const credential::HashSettings hash_settings{settings_.hash_memory_bytes,
                                               static_cast<std::uint32_t>(settings_.hash_passes)};
  LATCHKEY_TRY(hash_pool_,
               credential::HashPool::create(hash_settings, std::move(workers), standbys, random_, clock_));
  return credential::measure_stored_kinds(*database_, hash_pool_->refusal_step(), clock_, *log_);
}

Result<void> ServerProcess::make_threads() {
  const std::size_t ports = control_port() + 1;
  mailbox_.emplace(ports, ports <= kFewPorts ? kMessagesOfFew : kMessagesOfMany);
  rings_.assign(ports, -1);

  runtime::RingSettings ring_settings;
  ring_settings.submission_entries = kControlEntries;
  ring_settings.completion_entries = kControlEntries * 2;
  ring_settings.operations = kControlOperations;
  ring_settings.fixed_file = true;
  LATCHKEY_TRY(std::unique_ptr<runtime::Ring> ring, runtime::Ring::create(ring_settings));
  LATCHKEY_TRY(service_manager_.hand_to(*ring, *log_));
  rings_[control_port()] = ring->fd();
  control_.emplace(std::move(ring), mailbox_->port(control_port()), clock_);

  store_ =
      std::make_unique<store::StoreThread>(std::move(*database_), mailbox_->port(store_port()), clock_, *log_,
                                           [this](const Error& error) { end_at_once(directory(), error); });
  LATCHKEY_TRY(store_worker_, runtime::Worker::create(mailbox_->port(store_port()), "store", *store_));
  rings_[store_port()] = store_worker_->ring_fd();

  for (std::size_t worker = 0; worker < workers_count_; ++worker) {
    LATCHKEY_TRY(make_hash_worker(hash_port(worker), fmt::format("hash-{}", worker)));
  }
  for (std::size_t standby = 0; standby < standbys_count_; ++standby) {
    LATCHKEY_TRY(make_hash_worker(standby_port(standby), fmt::format("standby-{}", standby)));
  }
  return {};
}

Result<void> ServerProcess::make_hash_worker(runtime::PortId port, std::string name) {
  LATCHKEY_TRY(auto worker, runtime::Worker::create(mailbox_->port(port), std::move(name), *hash_pool_));
  rings_[port] = worker->ring_fd();
  hash_workers_.push_back(std::move(worker));
  return {};
}

Result<void> ServerProcess::make_tables() {
  pages_.emplace(cores_count_, runtime::PageSource::Mode::kThread);
  quiescence_.emplace(static_cast<runtime::CoreId>(cores_count_));
  table_clock_.emplace(clock_);
  binder_.emplace(*keyring_, token::BindingSettings{settings_.bind_address, settings_.bind_agent});
  const token::ShardSettings shard_settings = shard_settings_of(settings_, cores_count_);
  for (std::size_t number = 0; number < cores_count_; ++number) {
    runtime::Port& port = mailbox_->port(static_cast<runtime::PortId>(number));
    stores_.push_back(std::make_unique<store::SqliteStore>(port, *store_));
    directories_.push_back(std::make_unique<credential::SqliteDirectory>(port, *store_));
    login_checks_.push_back(std::make_unique<api::DirectoryLoginCheck>(*directories_.back()));
    const token::ShardParts parts{.core = static_cast<runtime::CoreId>(number),
                                  .shards = static_cast<std::uint32_t>(cores_count_),
                                  .clock = *table_clock_,
                                  .random = random_,
                                  .keyring = *keyring_,
                                  .store = *stores_.back(),
                                  .login_check = *login_checks_.back(),
                                  .quiescence = *quiescence_,
                                  .pages = pages_->client(number),
                                  .log = *log_};
    LATCHKEY_TRY(std::unique_ptr<token::Shard> shard, token::Shard::create(parts, shard_settings));
    shards_.push_back(std::move(shard));
  }
  return {};
}

Result<void> ServerProcess::make_cores() {
  for (const std::unique_ptr<token::Shard>& shard : shards_) shard_pointers_.push_back(shard.get());
  sessions_context_.emplace(
      api::SessionsContext{shard_pointers_, *keyring_, *binder_, *table_clock_, *quiescence_, api_settings_});
  throttle_.emplace(
      credential::ThrottleSettings{settings_.login_failures_by_user, settings_.login_failures_by_address,
                                   settings_.login_failures_window.count()},
      random_);
  places_.emplace(settings_.connections_by_address, settings_.connections, random_);
  forwarding_.emplace(*log_, settings_.trusted_proxy, settings_.forwarded_source);
  core_context_.emplace(
      CoreContext{.clock = clock_,
                  .log = *log_,
                  .api_settings = api_settings_,
                  .connection_settings = connection_settings_,
                  .hash_pool = *hash_pool_,
                  .throttle = *throttle_,
                  .name_key = name_key_,
                  .keyring = *keyring_,
                  .hash_queue = std::max<std::size_t>(settings_.hash_queue / cores_count_, 1),
                  .max_connections = std::max<std::size_t>(settings_.connections / cores_count_, 1),
                  .places = *places_,
                  .peer_rules = {settings_.trusted_proxy, settings_.counted_networks},
                  .forwarding = *forwarding_,
                  .store = *store_,
                  .quiescence = *quiescence_,
                  .table_clock = *table_clock_,
                  .sessions = *sessions_context_});
  for (std::size_t number = 0; number < cores_count_; ++number) {
    const auto port = static_cast<runtime::PortId>(number);
    LATCHKEY_TRY(auto core, Core::create(number, mailbox_->port(port), *shards_[number],
                                         std::move(listeners_[number]), *core_context_));
    rings_[port] = core->ring_fd();
    cores_.push_back(std::move(core));
  }
  cores_.front()->serve_admin(std::move(*admin_listener_));
  return {};
}

Result<void> ServerProcess::start_threads() {
  // The main thread waits for a worker's end after it has rung for it: its doorbell rings at once.
  LATCHKEY_TRY(control_->start(rings_, true));
  LATCHKEY_TRY(store_worker_->start(rings_));
  for (const std::unique_ptr<runtime::Worker>& worker : hash_workers_) {
    LATCHKEY_TRY(worker->start(rings_));
  }
  for (const std::unique_ptr<Core>& core : cores_) {
    LATCHKEY_TRY(core->start(rings_));
  }
  for (const std::unique_ptr<Core>& core : cores_) core->go();
  return {};
}

Result<void> ServerProcess::stop_threads() {
  for (const std::unique_ptr<Core>& core : cores_) core->join();
  cores_.clear();
  for (const std::unique_ptr<runtime::Worker>& worker : hash_workers_) worker->stop(control_->port());
  store_worker_->stop(control_->port());
  LATCHKEY_TRY(store::Database database, store_->release());
  // Only a run whose every refresh was written is marked as ended in order: the next start trusts the rows.
  return ended_in_order_ ? store::end_run(database, clock_.wall(), store_->clock_set_ms()) : Result<void>();
}

}  // namespace latchkey::server
