// The start's stage that makes the tables of tokens, empty: a shard for each core, and what all shards share.
// Made on the main thread before any core runs; after, each shard is its core's.
#pragma once

#include <memory>
#include <vector>

#include "latchkey/api/login_check.h"
#include "latchkey/base/log.h"
#include "latchkey/base/result.h"
#include "latchkey/credential/sqlite_directory.h"
#include "latchkey/runtime/page_source.h"
#include "latchkey/runtime/quiescence.h"
#include "latchkey/server/start_context.h"
#include "latchkey/server/start_threads.h"
#include "latchkey/store/sqlite_store.h"
#include "latchkey/token/keyring.h"
#include "latchkey/token/shard.h"
#include "latchkey/token/table_time.h"

namespace latchkey::server {

/// A shard's ways to the database. It never moves: its parts point to each other.
struct ShardStores {
  ShardStores(runtime::Port& port, store::StoreThread& thread) noexcept
      : store(port, thread), directory(port, thread), login_check(directory) {}
  ShardStores(const ShardStores&) = delete;
  ShardStores& operator=(const ShardStores&) = delete;

  store::SqliteStore store;
  credential::SqliteDirectory directory;
  api::DirectoryLoginCheck login_check;
};

/// Each is behind a pointer, as others point to it: so the stage may be moved.
struct Tables {
  std::unique_ptr<runtime::PageSource> pages;
  std::unique_ptr<runtime::Quiescence> quiescence;
  std::unique_ptr<token::TableClock> clock;
  std::vector<std::unique_ptr<ShardStores>> stores;  ///< by the core's number
  std::vector<std::unique_ptr<token::Shard>> shards;

  std::vector<token::Shard*> shards_by_number() const;
};

/// What is passed in outlives the tables. Errors: no memory, no addresses.
Result<Tables> make_tables(StartContext& start, const token::Keyring& keyring, const Threads& threads,
                           Log& log);

}  // namespace latchkey::server
