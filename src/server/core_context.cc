#include "server/core_context.h"

#include <sys/resource.h>

#include <algorithm>
#include <climits>

#include "server/room_settings.h"
#include "server/status_listener.h"

namespace latchkey::server {

namespace {

/// One core's share of what the settings allow for all.
std::size_t share_of(std::size_t all, std::size_t cores) noexcept {
  return std::max<std::size_t>(all / cores, 1);
}

credential::NamesInLog::Key random_name_key(Random& random) {
  credential::NamesInLog::Key key{};
  random.fill(key);
  return key;
}

credential::ThrottleSettings throttle_settings_of(const Settings& settings) {
  return {settings.login_failures_by_user, settings.login_failures_by_address,
          settings.login_failures_window.count()};
}

/// The kernel gives the lowest free number. So what lies beyond this is left for the main thread's
/// connections while the cores have all others.
int end_of_descriptors_of(const Settings& settings) noexcept {
  constexpr rlim_t kReserved = StatusListener::kMaxConnections + 1;
  rlimit limit{};
  if (settings.admin_listen.empty() || ::getrlimit(RLIMIT_NOFILE, &limit) != 0) return INT_MAX;
  if (limit.rlim_cur >= INT_MAX || limit.rlim_cur <= kReserved) return INT_MAX;
  return static_cast<int>(limit.rlim_cur - kReserved);
}

}  // namespace

CoreContext::CoreContext(StartContext& start, const token::Keyring& the_keyring,
                         credential::HashPool& the_hash_pool, store::StoreThread& the_store,
                         const Tables& tables, Log& the_log)
    : clock(start.clock),
      log(the_log),
      keyring(the_keyring),
      hash_pool(the_hash_pool),
      store(the_store),
      quiescence(*tables.quiescence),
      table_clock(*tables.clock),
      api_settings(api_settings_of(start.settings)),
      connection_settings(connection_settings_of(start.settings)),
      key_file(start.settings.key_file.string()),
      hash_queue(share_of(start.settings.hash_queue, start.ports.cores())),
      max_connections(share_of(start.settings.connections, start.ports.cores())),
      end_of_descriptors(end_of_descriptors_of(start.settings)),
      peer_rules{start.settings.trusted_proxy, start.settings.counted_networks},
      name_key(random_name_key(start.random)),
      shards(tables.shards_by_number()),
      binder(keyring, token::BindingSettings{start.settings.bind_address, start.settings.bind_agent}),
      sessions{shards, keyring, binder, table_clock, quiescence, api_settings},
      throttle(throttle_settings_of(start.settings), start.random),
      connection_counts(start.settings.connections_by_address, start.settings.connections, start.random),
      forwarding(log, start.settings.trusted_proxy, start.settings.forwarded_source) {}

}  // namespace latchkey::server
