#include "latchkey/server/server.h"

#include <fmt/format.h>
#include <sched.h>
#include <sodium.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <optional>
#include <vector>

#include "latchkey/api/login_check.h"
#include "latchkey/base/assert.h"
#include "latchkey/base/clock.h"
#include "latchkey/base/random.h"
#include "latchkey/base/time_text.h"
#include "latchkey/credential/known_address_table.h"
#include "latchkey/credential/sqlite_directory.h"
#include "latchkey/credential/stored_kinds.h"
#include "latchkey/credential/throttle.h"
#include "latchkey/runtime/page_source.h"
#include "latchkey/server/confinement.h"
#include "latchkey/server/core.h"
#include "latchkey/server/fatal_end.h"
#include "latchkey/server/log_thread.h"
#include "latchkey/server/room_settings.h"
#include "latchkey/server/session_loader.h"
#include "latchkey/server/signals.h"
#include "latchkey/store/data_directory.h"
#include "latchkey/store/schema.h"
#include "latchkey/store/soundness.h"
#include "latchkey/store/sqlite_store.h"
#include "latchkey/store/store_thread.h"
#include "latchkey/token/keyring.h"

namespace latchkey::server {

namespace {

constexpr std::array<std::uint8_t, 3> kControlOperations = {IORING_OP_READ, IORING_OP_MSG_RING,
                                                            IORING_OP_ASYNC_CANCEL};
constexpr unsigned kControlEntries = 64;

// Unfinished messages from one thread to another; past it a client is told 503. Few threads afford more.
constexpr std::size_t kFewPorts = 32;
constexpr std::size_t kMessagesOfFew = 1024;
constexpr std::size_t kMessagesOfMany = 256;

std::size_t usable_cpus() noexcept {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  if (::sched_getaffinity(0, sizeof cpus, &cpus) != 0) return 1;
  return std::max<std::size_t>(static_cast<std::size_t>(CPU_COUNT(&cpus)), 1);
}

// As many descriptors as the system lets this process have: one a connection.
void raise_descriptor_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

class Server {
 public:
  explicit Server(const Settings& settings)
      : settings_(settings),
        cores_count_(settings.cores > 0 ? settings.cores : usable_cpus()),
        workers_count_(settings.hash_threads > 0 ? settings.hash_threads : cores_count_),
        standbys_count_(credential::HashPool::standbys_for(workers_count_)),
        api_settings_(api_settings_of(settings)),
        connection_settings_(connection_settings_of(settings)) {}

  Result<void> run();
  const store::DataDirectory* directory() const noexcept { return directory_ ? &*directory_ : nullptr; }

 private:
  runtime::PortId hash_port(std::size_t worker) const noexcept {
    return static_cast<runtime::PortId>(cores_count_ + worker);
  }
  runtime::PortId standby_port(std::size_t standby) const noexcept {
    return static_cast<runtime::PortId>(cores_count_ + workers_count_ + standby);
  }
  runtime::PortId store_port() const noexcept { return standby_port(standbys_count_); }
  runtime::PortId control_port() const noexcept { return store_port() + 1; }

  Result<void> leave_root();
  Result<void> confine();
  Result<void> open_data();
  Result<void> open_keys(store::Database& database);
  Result<void> bind_sockets();
  Result<void> make_hash_pool();
  Result<void> make_threads();
  Result<void> make_hash_worker(runtime::PortId port, std::string name);
  Result<void> make_tables();
  Result<void> make_cores();
  Result<void> begin_run_and_load();
  Result<void> start_threads();
  void announce() const;
  void note_start();
  runtime::Task<void> serve_until_signal();
  runtime::Task<void> drain(Core& core, BootTime deadline, bool& drained);
  Result<void> stop_threads();

  const Settings& settings_;
  const std::size_t cores_count_;
  const std::size_t workers_count_;
  const std::size_t standbys_count_;
  const api::ApiSettings api_settings_;
  const http::ConnectionSettings connection_settings_;
  SystemClock clock_;
  SystemRandom random_;

  ConfinementGaps gaps_;
  std::optional<store::DataDirectory> directory_;
  std::optional<store::Database> database_;
  store::RunStart run_start_;
  bool ended_in_order_ = true;
  bool database_checked_ = false;  // because the last run could not trust it
  std::optional<token::Keyring> keyring_;
  std::vector<std::vector<CoreListener>> listeners_;       // of each core
  std::vector<std::pair<net::Endpoint, bool>> endpoints_;  // where all cores listen, and whether proxied
  std::optional<net::Listener> admin_listener_;
  std::optional<SignalReader> signals_;

  std::optional<LogThread> log_;
  std::optional<runtime::Mailbox> mailbox_;
  runtime::RingTable rings_;
  std::optional<runtime::Loop> control_;
  std::unique_ptr<store::StoreThread> store_;
  std::unique_ptr<runtime::Worker> store_worker_;
  std::unique_ptr<credential::HashPool> hash_pool_;
  std::vector<std::unique_ptr<runtime::Worker>> hash_workers_;  ///< and their standbys
  std::optional<credential::Throttle> throttle_;

  std::optional<runtime::PageSource> pages_;
  std::optional<runtime::Quiescence> quiescence_;
  std::optional<token::TableClock> table_clock_;
  std::optional<token::Binder> binder_;
  std::vector<std::unique_ptr<store::SqliteStore>> stores_;
  std::vector<std::unique_ptr<credential::SqliteDirectory>> directories_;
  std::vector<std::unique_ptr<api::DirectoryLoginCheck>> login_checks_;
  std::vector<std::unique_ptr<token::Shard>> shards_;
  std::vector<token::Shard*> shard_pointers_;
  std::optional<CoreContext> core_context_;
  std::optional<api::SessionsContext> sessions_context_;
  std::vector<std::unique_ptr<Core>> cores_;
  std::size_t loaded_sessions_ = 0;
};

Result<void> Server::leave_root() {
  return settings_.sandbox ? server::leave_root(settings_.data, gaps_) : Result<void>();
}

Result<void> Server::confine() {
  if (!settings_.sandbox) {
    gaps_.emplace_back("`sandbox` is off");
    return {};
  }
  return server::confine(settings_.data, gaps_);
}

Result<void> Server::open_data() {
  auto directory = store::DataDirectory::open(settings_.data, "latchkeyd");
  if (!directory) return tl::unexpected<Error>(std::move(directory.error()));
  directory_.emplace(std::move(*directory));
  auto database = store::open_database(directory_->database_path().string());
  if (!database) return tl::unexpected<Error>(std::move(database.error()));
  database_.emplace(std::move(*database));
  const Result<bool> checked = store::check_if_distrusted(*database_, *directory_);
  if (!checked) return tl::unexpected<Error>(checked.error());
  database_checked_ = *checked;
  if (Result<void> keys = open_keys(*database_); !keys) return keys;
  // The database's and the key's names are on disk before anything relies on them.
  return directory_->sync();
}

Result<void> Server::open_keys(store::Database& database) {
  const std::string path = settings_.key_file.string();
  Result<token::Keyring> keyring = token::Keyring::load(path);
  if (!keyring && keyring.error().code == ErrorCode::kNotFound) {
    if (Result<void> may = store::check_new_key(database, settings_.key_file); !may) return may;
    keyring = token::Keyring::create(path, random_);
  }
  if (!keyring) return tl::unexpected<Error>(std::move(keyring.error()));
  keyring_.emplace(std::move(*keyring));
  return store::check_key(database, keyring_->fingerprint(), settings_.key_file);
}

void Server::note_start() {
  LogEvent(*log_, LogLevel::kInfo, "server.started")
      .field("version", LATCHKEY_VERSION)
      .field("cores", cores_count_)
      .field("hash_threads", workers_count_)
      .field("sessions", loaded_sessions_)
      .field("last_run", run_start_.was_clean ? "ended in order" : "did not end in order");
  for (const std::string& gap : gaps_) {
    LogEvent(*log_, LogLevel::kWarning, "server.not_confined").field("reason", gap);
  }
  if (database_checked_) {
    LogEvent(*log_, LogLevel::kWarning, "database.checked")
        .field("reason", "the last run could not trust what is on disk")
        .field("found", "nothing wrong");
  }
  if (run_start_.behind_ms == 0) return;
  LogEvent(*log_, LogLevel::kWarning, "clock.behind")
      .field("behind_ms", run_start_.behind_ms)
      .field("effect", "the time that the server was down does not count for tokens")
      .field("remedy", "set the clock, as chrony or systemd-timesyncd does");
}

Result<void> Server::bind_sockets() {
  listeners_.resize(cores_count_);
  const auto bind_all = [this](const std::vector<net::Endpoint>& endpoints, bool proxied) -> Result<void> {
    for (net::Endpoint endpoint : endpoints) {
      if (Result<void> is_free = net::Listener::check_free(endpoint); !is_free) return is_free;
      for (std::vector<CoreListener>& of_core : listeners_) {
        Result<net::Listener> listener = net::Listener::bind_tcp(endpoint);
        if (!listener) return tl::unexpected<Error>(std::move(listener.error()));
        endpoint = listener->endpoint();  // port 0 has become a port, the same for all cores
        of_core.push_back({std::move(*listener), proxied});
      }
      endpoints_.emplace_back(endpoint, proxied);
    }
    return {};
  };
  if (Result<void> bound = bind_all(settings_.listen, false); !bound) return bound;
  if (Result<void> bound = bind_all(settings_.proxy_listen, true); !bound) return bound;
  Result<net::Listener> admin = net::Listener::bind_unix(settings_.admin_socket.string());
  if (!admin) return tl::unexpected<Error>(std::move(admin.error()));
  admin_listener_.emplace(std::move(*admin));
  return {};
}

// While the database is still this thread's: the pool has to know which hashes stand in it (C-14).
Result<void> Server::make_hash_pool() {
  std::vector<runtime::PortId> workers;
  for (std::size_t worker = 0; worker < workers_count_; ++worker) workers.push_back(hash_port(worker));
  std::vector<runtime::PortId> standbys;
  for (std::size_t i = 0; i < standbys_count_; ++i) standbys.push_back(standby_port(i));
  const credential::HashSettings hash_settings{settings_.hash_memory_bytes,
                                               static_cast<std::uint32_t>(settings_.hash_passes)};
  auto hash_pool = credential::HashPool::create(hash_settings, std::move(workers), standbys, random_, clock_);
  if (!hash_pool) return tl::unexpected<Error>(std::move(hash_pool.error()));
  hash_pool_ = std::move(*hash_pool);
  return credential::measure_stored_kinds(*database_, hash_pool_->refusal_step(), clock_, *log_);
}

Result<void> Server::make_threads() {
  const std::size_t ports = control_port() + 1;
  mailbox_.emplace(ports, ports <= kFewPorts ? kMessagesOfFew : kMessagesOfMany);
  rings_.assign(ports, -1);

  runtime::RingSettings ring_settings;
  ring_settings.submission_entries = kControlEntries;
  ring_settings.completion_entries = kControlEntries * 2;
  ring_settings.operations = kControlOperations;
  Result<std::unique_ptr<runtime::Ring>> ring = runtime::Ring::create(ring_settings);
  if (!ring) return tl::unexpected<Error>(std::move(ring.error()));
  rings_[control_port()] = (*ring)->fd();
  control_.emplace(std::move(*ring), mailbox_->port(control_port()), clock_);

  store_ =
      std::make_unique<store::StoreThread>(std::move(*database_), mailbox_->port(store_port()), clock_, *log_,
                                           [this](const Error& error) { end_at_once(directory(), error); });
  auto store_worker = runtime::Worker::create(mailbox_->port(store_port()), "store", *store_);
  if (!store_worker) return tl::unexpected<Error>(std::move(store_worker.error()));
  store_worker_ = std::move(*store_worker);
  rings_[store_port()] = store_worker_->ring_fd();

  for (std::size_t worker = 0; worker < workers_count_; ++worker) {
    Result<void> made = make_hash_worker(hash_port(worker), fmt::format("hash-{}", worker));
    if (!made) return made;
  }
  for (std::size_t standby = 0; standby < standbys_count_; ++standby) {
    Result<void> made = make_hash_worker(standby_port(standby), fmt::format("standby-{}", standby));
    if (!made) return made;
  }
  return {};
}

Result<void> Server::make_hash_worker(runtime::PortId port, std::string name) {
  auto worker = runtime::Worker::create(mailbox_->port(port), std::move(name), *hash_pool_);
  if (!worker) return tl::unexpected<Error>(std::move(worker.error()));
  rings_[port] = (*worker)->ring_fd();
  hash_workers_.push_back(std::move(*worker));
  return {};
}

Result<void> Server::make_tables() {
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
    Result<std::unique_ptr<token::Shard>> shard = token::Shard::create(parts, shard_settings);
    if (!shard) return tl::unexpected<Error>(std::move(shard.error()));
    shards_.push_back(std::move(*shard));
  }
  return {};
}

// The last thing that can refuse a start, so that one which is refused leaves the last run's mark as it was.
// Before any core runs, on a connection of its own: the store's belongs to its thread.
Result<void> Server::begin_run_and_load() {
  Result<store::Database> database = store::open_database(directory_->database_path().string());
  if (!database) return tl::unexpected<Error>(std::move(database.error()));
  const Result<store::RunStart> start =
      store::begin_run(*database, clock_.wall(), settings_.token_timeout.count());
  if (!start) return tl::unexpected<Error>(start.error());
  run_start_ = *start;
  const Result<std::size_t> loaded =
      load_sessions(*database, *keyring_, shard_pointers_, table_clock_->now(), run_start_.exact_since);
  if (!loaded) return tl::unexpected<Error>(loaded.error());
  loaded_sessions_ = *loaded;
  const Result<std::int64_t> pruned = credential::known_address_table::prune(*database, clock_.wall());
  if (!pruned) return tl::unexpected<Error>(pruned.error());
  return {};
}

Result<void> Server::make_cores() {
  for (const std::unique_ptr<token::Shard>& shard : shards_) shard_pointers_.push_back(shard.get());
  sessions_context_.emplace(
      api::SessionsContext{shard_pointers_, *keyring_, *binder_, *table_clock_, *quiescence_, api_settings_});
  throttle_.emplace(
      credential::ThrottleSettings{settings_.login_failures_by_user, settings_.login_failures_by_address,
                                   settings_.login_failures_window.count()},
      random_);
  core_context_.emplace(CoreContext{
      .clock = clock_,
      .log = *log_,
      .api_settings = api_settings_,
      .connection_settings = connection_settings_,
      .hash_pool = *hash_pool_,
      .throttle = *throttle_,
      .keyring = *keyring_,
      .hash_queue = std::max<std::size_t>(settings_.hash_queue / cores_count_, 1),
      .max_connections = std::max<std::size_t>(settings_.connections / cores_count_, 1),
      .max_connections_by_address = (settings_.connections_by_address + cores_count_ - 1) / cores_count_,
      .store = *store_,
      .quiescence = *quiescence_,
      .table_clock = *table_clock_,
      .sessions = *sessions_context_});
  for (std::size_t number = 0; number < cores_count_; ++number) {
    const auto port = static_cast<runtime::PortId>(number);
    auto core = Core::create(number, mailbox_->port(port), *shards_[number], std::move(listeners_[number]),
                             *core_context_);
    if (!core) return tl::unexpected<Error>(std::move(core.error()));
    rings_[port] = (*core)->ring_fd();
    cores_.push_back(std::move(*core));
  }
  cores_.front()->serve_admin(std::move(*admin_listener_));
  return {};
}

Result<void> Server::start_threads() {
  Result<SignalReader> signals = SignalReader::open();
  if (!signals) return tl::unexpected<Error>(std::move(signals.error()));
  signals_.emplace(std::move(*signals));
  // The main thread waits for a worker's end after it has rung for it: its doorbell rings at once.
  if (Result<void> started = control_->start(rings_, true); !started) return started;
  if (Result<void> started = store_worker_->start(rings_); !started) return started;
  for (const std::unique_ptr<runtime::Worker>& worker : hash_workers_) {
    if (Result<void> started = worker->start(rings_); !started) return started;
  }
  for (const std::unique_ptr<Core>& core : cores_) {
    if (Result<void> started = core->start(rings_); !started) return started;
  }
  for (const std::unique_ptr<Core>& core : cores_) core->go();
  return {};
}

void Server::announce() const {
  std::string lines;
  for (const auto& [endpoint, proxied] : endpoints_) {
    lines += fmt::format("latchkeyd: listening on http://{}{}\n", endpoint.to_text(),
                         proxied ? " (PROXY protocol)" : "");
  }
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, lines.data(), lines.size());
  ::sd_notify(0, "READY=1");
}

// Runs on the main thread's loop: waits for the signal, then stops the cores step by step. Each step ends on
// all cores before the next begins, as a request on one core may need another's shard.
runtime::Task<void> Server::serve_until_signal() {
  const int signal = co_await signals_->next(*control_);
  LogEvent(*log_, LogLevel::kInfo, "server.stopping").field("signal", strsignal(signal));
  ::sd_notify(0, "STOPPING=1");
  const BootTime deadline{control_->now().ms + settings_.drain_timeout.count()};
  bool drained = true;
  {
    runtime::Nursery draining;
    for (const std::unique_ptr<Core>& core : cores_) draining.spawn(drain(*core, deadline, drained));
    co_await draining.join();
  }
  if (!drained) {
    LogEvent(*log_, LogLevel::kWarning, "server.drain_timeout")
        .field("effect", "connections that were still busy were broken off")
        .field("remedy", "raise `drain_timeout` if requests need longer");
  }
  for (const std::unique_ptr<Core>& core : cores_) {
    auto ending = runtime::call_task(control_->port(), core->port_id(),
                                     [&core](runtime::Port&) { return core->end_shard(); });
    const Result<bool> ended = co_await ending;
    LATCHKEY_ASSERT(ended.has_value());
    if (*ended) continue;
    ended_in_order_ = false;
    LogEvent(*log_, LogLevel::kError, "server.refreshes_lost")
        .field("reason", "the store refused them")
        .field("effect", "after the next start tokens live up to a tenth of their timeout longer");
  }
  for (const std::unique_ptr<Core>& core : cores_) {
    auto ending = runtime::call(control_->port(), core->port_id(),
                                [&core](runtime::Port&) { return core->end_loop(); });
    const Result<bool> ended = co_await ending;
    LATCHKEY_ASSERT(ended.has_value());
  }
  control_->stop();
}

runtime::Task<void> Server::drain(Core& core, BootTime deadline, bool& drained) {
  auto draining = runtime::call_task(control_->port(), core.port_id(),
                                     [&core, deadline](runtime::Port&) { return core.drain(deadline); });
  const Result<bool> result = co_await draining;
  LATCHKEY_ASSERT(result.has_value());
  drained = drained && *result;
}

Result<void> Server::stop_threads() {
  for (const std::unique_ptr<Core>& core : cores_) core->join();
  cores_.clear();
  for (const std::unique_ptr<runtime::Worker>& worker : hash_workers_) worker->stop(control_->port());
  store_worker_->stop(control_->port());
  Result<store::Database> database = store_->release();
  if (!database) return tl::unexpected<Error>(std::move(database.error()));
  // Only a run whose every refresh was written is marked as ended in order: the next start trusts the rows.
  return ended_in_order_ ? store::end_run(*database, clock_.wall(), store_->clock_set_ms()) : Result<void>();
}

Result<void> Server::run() {
  if (::sodium_init() < 0) return failure(ErrorCode::kUnavailable, "libsodium could not be initialised");
  raise_descriptor_limit();
  Result<void> step = block_signals();
  if (step) step = leave_root();
  if (step) step = open_data();
  if (step) step = bind_sockets();
  // Before the first thread and the first ring: they inherit it.
  if (step) step = confine();
  if (step) log_.emplace(clock_, LogOptions{.least = settings_.log_level});
  if (step) step = make_hash_pool();
  if (step) step = make_threads();
  if (step) step = make_tables();
  if (step) step = make_cores();
  if (step) step = begin_run_and_load();
  if (!step) return step;
  step = start_threads();
  if (!step) {
    // Threads that have started wait for those that did not: there is no way but out.
    std::fprintf(stderr, "latchkeyd: %s\n", step.error().text.c_str());
    ::_exit(kExitRefused);
  }
  note_start();
  announce();
  control_->nursery().spawn(serve_until_signal());
  control_->run();
  step = stop_threads();
  LogEvent(*log_, LogLevel::kInfo, "server.stopped");
  return step;
}

}  // namespace

Result<void> serve(const Settings& settings) {
  Server server(settings);
  Result<void> served = server.run();
  if (!served && served.error().code == ErrorCode::kFatal) end_at_once(server.directory(), served.error());
  return served;
}

}  // namespace latchkey::server
