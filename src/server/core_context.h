// CoreContext: what all cores share. The main thread makes one object before any core.
// Thread: any core's.
// Lifetime: it outlives the cores and never moves, because they point into it.
#pragma once

#include <cstddef>
#include <vector>

#include "latchkey/api/sessions.h"
#include "latchkey/api/settings.h"
#include "latchkey/base/clock.h"
#include "latchkey/base/log.h"
#include "latchkey/base/notices.h"
#include "latchkey/credential/hash_pool.h"
#include "latchkey/credential/names_in_log.h"
#include "latchkey/credential/throttle.h"
#include "latchkey/http/connection.h"
#include "latchkey/http/forwarding_watch.h"
#include "latchkey/runtime/quiescence.h"
#include "latchkey/store/store_thread.h"
#include "latchkey/token/binding.h"
#include "latchkey/token/keyring.h"
#include "latchkey/token/shard.h"
#include "latchkey/token/table_time.h"
#include "server/admin_counts.h"
#include "server/connection_counts.h"
#include "server/start_context.h"
#include "server/start_tables.h"

namespace latchkey::server {

struct CoreContext {
  /// Lifetime: the arguments must outlive it.
  CoreContext(StartContext& start, const token::Keyring& the_keyring, credential::HashPool& the_hash_pool,
              store::StoreThread& the_store, const Tables& tables, Log& the_log);
  CoreContext(const CoreContext&) = delete;
  CoreContext& operator=(const CoreContext&) = delete;

  const Clock& clock;
  Log& log;
  const token::Keyring& keyring;
  credential::HashPool& hash_pool;
  store::StoreThread& store;
  runtime::Quiescence& quiescence;
  const token::TableClock& table_clock;

  const api::ApiSettings api_settings;
  const http::ConnectionSettings connection_settings;
  const std::string key_file;
  const std::size_t hash_queue;       ///< waiting logins per core
  const std::size_t max_connections;  ///< per core
  const int end_of_descriptors;       ///< a connection gets a descriptor below this one
  const PeerRules peer_rules;
  const credential::NamesInLog::Key name_key;

  const std::vector<token::Shard*> shards;  ///< by the core's number
  const token::Binder binder;
  const api::SessionsContext sessions;

  credential::Throttle throttle;
  ConnectionCounts connection_counts;  ///< per client, over all cores
  http::ForwardingWatch forwarding;
  Notices unknown_hosts;
  AdminCounts admin_counts;  ///< core 0's
};

}  // namespace latchkey::server
