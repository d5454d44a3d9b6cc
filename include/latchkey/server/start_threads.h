// The start's stage that makes the threads beside the cores, without starting them: the mailbox that all
// threads talk by, the main thread's loop, the store's thread, the hash workers and their standbys. Main
// thread.
#pragma once

#include <memory>
#include <vector>

#include "latchkey/base/log.h"
#include "latchkey/base/result.h"
#include "latchkey/credential/hash_pool.h"
#include "latchkey/runtime/loop.h"
#include "latchkey/runtime/mailbox.h"
#include "latchkey/runtime/worker.h"
#include "latchkey/server/service_manager.h"
#include "latchkey/server/start_context.h"
#include "latchkey/store/data_directory.h"
#include "latchkey/store/database.h"
#include "latchkey/store/store_thread.h"

namespace latchkey::server {

/// While the database is still the main thread's: the pool has to know which hashes stand in it (C-14).
Result<std::unique_ptr<credential::HashPool>> make_hash_pool(StartContext& start, store::Database& database,
                                                             Log& log);

/// Each is behind a pointer, as others point to it: so the stage may be moved.
struct Threads {
  std::unique_ptr<runtime::Mailbox> mailbox;
  std::unique_ptr<ServiceManager> manager;
  std::unique_ptr<runtime::Loop> control;  ///< the main thread's
  std::unique_ptr<store::StoreThread> store;
  std::unique_ptr<runtime::Worker> store_worker;
  std::vector<std::unique_ptr<runtime::Worker>> hash_workers;  ///< and, behind them, their standbys
};

/// A store that cannot trust its disk any more marks that in `directory` and ends the process. What is passed
/// by reference outlives the threads. Errors are the rings'.
Result<Threads> make_threads(const StartContext& start, const store::DataDirectory& directory,
                             store::Database database, ManagerSocket manager_socket,
                             credential::HashPool& hash_pool, Log& log);

}  // namespace latchkey::server
