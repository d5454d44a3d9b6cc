// CoreContext: what all cores share. The main thread makes one object before any core.
// Thread: any core's.
// Lifetime: it outlives the cores and never moves, because they point into it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "latchkey/api/sessions.h"
#include "latchkey/base/clock.h"
#include "latchkey/base/log.h"
#include "latchkey/base/notices.h"
#include "latchkey/credential/hash_pool.h"
#include "latchkey/credential/names_in_log.h"
#include "latchkey/credential/throttle.h"
#include "latchkey/runtime/mailbox.h"
#include "latchkey/runtime/quiescence.h"
#include "latchkey/store/store_thread.h"
#include "latchkey/token/binding.h"
#include "latchkey/token/keyring.h"
#include "latchkey/token/shard.h"
#include "latchkey/token/table_time.h"
#include "server/admin_counts.h"
#include "server/logs.h"
#include "server/start_context.h"
#include "server/start_tables.h"
#include "server/terms.h"

namespace latchkey::server {

class Reloader;

struct CoreContext {
  /// Lifetime: the arguments must outlive it.
  CoreContext(StartContext& start, const token::Keyring& the_keyring, credential::HashPool& the_hash_pool,
              store::StoreThread& the_store, const Tables& tables, Logs& the_log);
  CoreContext(const CoreContext&) = delete;
  CoreContext& operator=(const CoreContext&) = delete;

  const Clock& clock;
  Log& log;
  AccessLog* const access;  ///< null if there is none
  const token::Keyring& keyring;
  credential::HashPool& hash_pool;
  store::StoreThread& store;
  runtime::Quiescence& quiescence;
  const token::TableClock& table_clock;

  credential::ThrottleMetrics throttle_metrics;
  /// Those of the start. What of the settings no reload changes is read here, for as long as the server runs.
  const std::shared_ptr<const Terms> terms;
  const std::string key_file;
  const int end_of_descriptors;  ///< a connection gets a descriptor below this one
  const credential::NamesInLog::Key name_key;

  const std::vector<token::Shard*> shards;  ///< by the core's number
  const token::Binder binder;
  const api::SessionsContext sessions;

  Notices unknown_hosts;
  AdminCounts admin_counts;  ///< core 0's

  const runtime::PortId control;  ///< the main thread's
  /// The main thread's. Set before any core runs.
  Reloader* reloader = nullptr;
};

}  // namespace latchkey::server
