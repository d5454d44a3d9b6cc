// The stage of a start that creates the token tables, still empty: a shard per core, and what they share.
// Thread: the main thread makes them before any core runs; then each shard belongs to its core's thread.
#pragma once

#include <memory>
#include <vector>

#include "latchkey/api/login_check.h"
#include "latchkey/base/log.h"
#include "latchkey/base/result.h"
#include "latchkey/credential/sqlite_directory.h"
#include "latchkey/runtime/page_source.h"
#include "latchkey/runtime/quiescence.h"
#include "latchkey/store/sqlite_store.h"
#include "latchkey/token/keyring.h"
#include "latchkey/token/shard.h"
#include "latchkey/token/table_time.h"
#include "server/start_context.h"
#include "server/start_threads.h"

namespace latchkey::server {

/// How a shard reaches the database. It never moves, because its parts point to each other.
struct ShardStores {
  ShardStores(runtime::Port& port, store::StoreThread& thread) noexcept
      : store(port, thread), directory(port, thread), login_check(directory) {}
  ShardStores(const ShardStores&) = delete;
  ShardStores& operator=(const ShardStores&) = delete;

  store::SqliteStore store;
  credential::SqliteDirectory directory;
  api::DirectoryLoginCheck login_check;
};

/// Each part is behind a pointer because other parts point to it, so the stage itself may move.
struct Tables {
  std::unique_ptr<runtime::PageSource> pages;
  std::unique_ptr<runtime::Quiescence> quiescence;
  std::unique_ptr<token::TableClock> clock;
  std::vector<std::unique_ptr<ShardStores>> stores;  ///< by the core's number
  std::vector<std::unique_ptr<token::Shard>> shards;

  std::vector<token::Shard*> shards_by_number() const;
};

/// Lifetime: the arguments must outlive the tables.
/// Errors: the kernel refuses the addresses or the memory.
Result<Tables> make_tables(StartContext& start, const token::Keyring& keyring, const Threads& threads,
                           Log& log);

}  // namespace latchkey::server
