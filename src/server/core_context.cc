#include "server/core_context.h"

#include <sys/resource.h>

#include <climits>
#include <memory>

#include "server/status_listener.h"

namespace latchkey::server {

namespace {

credential::NamesInLog::Key random_name_key(Random& random) {
  credential::NamesInLog::Key key{};
  random.fill(key);
  return key;
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
                         const Tables& tables, Logs& the_log)
    : clock(start.clock),
      log(the_log),
      access(the_log.access()),
      keyring(the_keyring),
      hash_pool(the_hash_pool),
      store(the_store),
      quiescence(*tables.quiescence),
      table_clock(*tables.clock),
      terms(std::make_shared<const Terms>(
          start.settings, TermsParts{log, start.random, throttle_metrics, start.ports.cores()}, nullptr)),
      key_file(start.settings.key_file.string()),
      end_of_descriptors(end_of_descriptors_of(start.settings)),
      name_key(random_name_key(start.random)),
      shards(tables.shards_by_number()),
      binder(keyring, token::BindingSettings{start.settings.bind_address, start.settings.bind_agent}),
      sessions{shards, keyring, binder, table_clock, quiescence, terms->api},
      control(start.ports.control()) {}

}  // namespace latchkey::server
