// The stage of a start that makes the cores, without starting them, and what they share. Thread: the main
// thread.
#pragma once

#include <memory>
#include <vector>

#include "latchkey/base/log.h"
#include "latchkey/base/result.h"
#include "latchkey/credential/hash_pool.h"
#include "latchkey/token/keyring.h"
#include "server/core.h"
#include "server/core_context.h"
#include "server/start_context.h"
#include "server/start_tables.h"
#include "server/start_threads.h"

namespace latchkey::server {

/// Each part is behind a pointer, as other parts point to it. So the stage itself may move.
struct Cores {
  std::unique_ptr<CoreContext> context;
  std::vector<std::unique_ptr<Core>> cores;  ///< by their number
};

/// `listeners` of each core, by its number. Lifetime: what is passed by reference outlives the cores. Errors
/// are the rings'.
Result<Cores> make_cores(StartContext& start, const token::Keyring& keyring, credential::HashPool& hash_pool,
                         const Threads& threads, const Tables& tables,
                         std::vector<std::vector<CoreListener>> listeners, Log& log);

}  // namespace latchkey::server
