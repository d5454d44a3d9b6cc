#include "server/start_tables.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "server/room_settings.h"

namespace latchkey::server {

std::vector<token::Shard*> Tables::shards_by_number() const {
  std::vector<token::Shard*> pointers;
  pointers.reserve(shards.size());
  for (const std::unique_ptr<token::Shard>& shard : shards) pointers.push_back(shard.get());
  return pointers;
}

Result<Tables> make_tables(StartContext& start, const token::Keyring& keyring, const Threads& threads,
                           Log& log) {
  const std::size_t cores = start.ports.cores();
  Tables tables{
      .pages = std::make_unique<runtime::PageSource>(cores, runtime::PageSource::Mode::kThread),
      .quiescence = std::make_unique<runtime::Quiescence>(static_cast<runtime::CoreId>(cores)),
      .clock = std::make_unique<token::TableClock>(start.clock),
      .stores = {},
      .shards = {},
  };
  const token::ShardSettings settings = shard_settings_of(start.settings, cores);
  for (std::size_t number = 0; number < cores; ++number) {
    runtime::Port& port = threads.mailbox->port(Ports::core(number));
    ShardStores& stores = *tables.stores.emplace_back(std::make_unique<ShardStores>(port, *threads.store));
    const token::ShardParts parts{.core = static_cast<runtime::CoreId>(number),
                                  .shards = static_cast<std::uint32_t>(cores),
                                  .clock = *tables.clock,
                                  .random = start.random,
                                  .keyring = keyring,
                                  .store = stores.store,
                                  .login_check = stores.login_check,
                                  .quiescence = *tables.quiescence,
                                  .pages = tables.pages->client(number),
                                  .log = log};
    LATCHKEY_TRY(std::unique_ptr<token::Shard> shard, token::Shard::create(parts, settings));
    tables.shards.push_back(std::move(shard));
  }
  return tables;
}

}  // namespace latchkey::server
