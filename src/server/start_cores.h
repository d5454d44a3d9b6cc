// The stage of a start that creates the cores and what they share, without starting them.
// Thread: the main thread.
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

/// Each part is behind a pointer because other parts point to it, so the stage itself may move.
struct Cores {
  std::unique_ptr<CoreContext> context;
  std::vector<std::unique_ptr<Core>> cores;  ///< by their number
};

/// `listeners` holds each core's, by the core's number.
/// Lifetime: everything passed by reference must outlive the cores.
/// Errors: the rings'.
Result<Cores> make_cores(StartContext& start, const token::Keyring& keyring, credential::HashPool& hash_pool,
                         const Threads& threads, const Tables& tables,
                         std::vector<std::vector<CoreListener>> listeners, Logs& log);

}  // namespace latchkey::server
