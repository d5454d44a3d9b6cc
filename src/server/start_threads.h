// The stage of a start that creates the threads beside the cores, without starting them: the mailbox, the
// main thread's loop, the store's thread, the hash workers and their standbys.
// Thread: the main thread.
#pragma once

#include <memory>
#include <vector>

#include "latchkey/base/log.h"
#include "latchkey/base/result.h"
#include "latchkey/credential/hash_pool.h"
#include "latchkey/runtime/buffer_ring.h"
#include "latchkey/runtime/loop.h"
#include "latchkey/runtime/mailbox.h"
#include "latchkey/runtime/worker.h"
#include "latchkey/store/data_directory.h"
#include "latchkey/store/database.h"
#include "latchkey/store/store_thread.h"
#include "server/service_manager.h"
#include "server/start_context.h"

namespace latchkey::server {

/// Comes before the database moves to the store's thread, because the pool must know which kinds of hashes
/// the database holds (C-14).
/// Errors: those of the settings and of the database.
Result<std::unique_ptr<credential::HashPool>> make_hash_pool(StartContext& start, store::Database& database,
                                                             Log& log);

/// Each part is behind a pointer because other parts point to it, so the stage itself may move.
struct Threads {
  std::unique_ptr<runtime::Mailbox> mailbox;
  std::unique_ptr<ServiceManager> manager;
  std::unique_ptr<runtime::BufferRing> control_buffers;
  std::unique_ptr<runtime::Loop> control;  ///< the main thread's
  std::unique_ptr<store::StoreThread> store;
  std::unique_ptr<runtime::Worker> store_worker;
  std::vector<std::unique_ptr<runtime::Worker>> hash_workers;  ///< then their standbys
};

/// If the store can no longer trust its disk, it marks that in `directory` and ends the process.
/// Lifetime: everything passed by reference must outlive the threads.
/// Errors: the rings'.
Result<Threads> make_threads(const StartContext& start, const store::DataDirectory& directory,
                             store::Database database, ManagerSocket manager_socket,
                             credential::HashPool& hash_pool, Log& log);

}  // namespace latchkey::server
