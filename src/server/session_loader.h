// At the start, takes the sessions that the database holds into the shards: the caller's thread reads rows,
// and a thread a shard makes their tokens and files them, so that a start with ten million tokens does not
// wait for one core. Called once, before any core runs; all its threads have ended when it returns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "latchkey/base/result.h"
#include "latchkey/store/database.h"
#include "latchkey/token/keyring.h"
#include "latchkey/token/shard.h"

namespace latchkey::server {

/// Rows that nobody needs are removed from the database. How many sessions the shards took, dead ones
/// included. `exact_since` as Shard::load has it. Errors: the database's; kOverloaded, a shard has no room:
/// which sessions it took is not said.
Result<std::size_t> load_sessions(store::Database& database, const token::Keyring& keyring,
                                  std::span<token::Shard* const> shards, token::TableTime now,
                                  WallTime exact_since);

}  // namespace latchkey::server
