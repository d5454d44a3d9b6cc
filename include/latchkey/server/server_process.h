// ServerProcess: the parts of the running server and the steps that make them, in the order of its start
// (docs/architecture.md). One object, made and used by the main thread.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "latchkey/api/login_check.h"
#include "latchkey/base/clock.h"
#include "latchkey/base/random.h"
#include "latchkey/base/result.h"
#include "latchkey/credential/sqlite_directory.h"
#include "latchkey/credential/throttle.h"
#include "latchkey/runtime/page_source.h"
#include "latchkey/server/confinement.h"
#include "latchkey/server/core.h"
#include "latchkey/server/log_thread.h"
#include "latchkey/server/service_manager.h"
#include "latchkey/server/settings.h"
#include "latchkey/server/signals.h"
#include "latchkey/store/data_directory.h"
#include "latchkey/store/schema.h"
#include "latchkey/store/sqlite_store.h"
#include "latchkey/store/store_thread.h"
#include "latchkey/token/keyring.h"

namespace latchkey::server {

class ServerProcess {
 public:
  /// Both outlive it.
  ServerProcess(const Settings& settings, const std::vector<std::string>& warnings);

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
  Result<void> open_channels();
  Result<void> confine();
  Result<void> close_ways_out();
  Result<void> lock_data();
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
  void announce();
  void note_start();
  runtime::Task<void> serve_until_signal();
  bool ends_server(int signal) const noexcept;
  runtime::Task<void> drain(Core& core, BootTime deadline, bool& drained);
  Result<void> stop_threads();

  const Settings& settings_;
  const std::vector<std::string>& warnings_;  // of the settings, for the log
  const std::size_t cores_count_;
  const std::size_t workers_count_;
  const std::size_t standbys_count_;
  const api::ApiSettings api_settings_;
  const http::ConnectionSettings connection_settings_;
  SystemClock clock_;
  SystemRandom random_;
  credential::NamesInLog::Key name_key_{};

  ConfinementGaps gaps_;
  std::optional<store::DataDirectory> directory_;
  std::optional<store::Database> database_;
  store::RunStart run_start_;
  bool ended_in_order_ = true;
  // Asked at the start: a terminal that has hung up is none any more.
  const bool on_terminal_ = ::isatty(STDERR_FILENO) == 1;
  bool database_checked_ = false;  // because the last run could not trust it
  std::optional<token::Keyring> keyring_;
  std::vector<std::vector<CoreListener>> listeners_;       // of each core
  std::vector<std::pair<net::Endpoint, bool>> endpoints_;  // where all cores listen, and whether proxied
  std::optional<net::Listener> admin_listener_;
  std::optional<SignalReader> signals_;
  ServiceManager service_manager_;

  std::optional<LogThread> log_;
  std::optional<runtime::Mailbox> mailbox_;
  runtime::RingTable rings_;
  std::optional<runtime::Loop> control_;
  std::unique_ptr<store::StoreThread> store_;
  std::unique_ptr<runtime::Worker> store_worker_;
  std::unique_ptr<credential::HashPool> hash_pool_;
  std::vector<std::unique_ptr<runtime::Worker>> hash_workers_;  ///< and their standbys
  std::optional<credential::Throttle> throttle_;
  std::optional<Places> places_;
  std::optional<http::ForwardingWatch> forwarding_;

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
  std::int64_t users_ = 0;
};

}  // namespace latchkey::server
