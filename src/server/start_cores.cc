#include "server/start_cores.h"

#include <cstddef>
#include <utility>

namespace latchkey::server {

Result<Cores> make_cores(StartContext& start, const token::Keyring& keyring, credential::HashPool& hash_pool,
                         const Threads& threads, const Tables& tables,
                         std::vector<std::vector<CoreListener>> listeners, Logs& log) {
  Cores made{
      .context = std::make_unique<CoreContext>(start, keyring, hash_pool, *threads.store, tables, log),
      .cores = {},
  };
  for (std::size_t number = 0; number < start.ports.cores(); ++number) {
    LATCHKEY_TRY(auto core,
                 Core::create(number, threads.mailbox->port(Ports::core(number)), *tables.shards[number],
                              std::move(listeners[number]), *made.context));
    made.cores.push_back(std::move(core));
  }
  log.name_resources(made.cores.front()->resource_paths());
  return made;
}

}  // namespace latchkey::server
