// Loads the sessions that the database holds into the shards at the start, and the profiles of the users who
// have any. The caller's thread reads rows, and one thread per shard makes their tokens and files them, so
// that ten million tokens do not wait for one core. Called once, before any core runs. All its threads have
// ended when it returns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "latchkey/base/result.h"
#include "latchkey/store/database.h"
#include "latchkey/token/keyring.h"
#include "latchkey/token/shard.h"

namespace latchkey::server {

/// Returns how many sessions the shards took, dead ones included. Rows that are no longer needed are removed
/// from the database. `exact_since` is as in Shard::load.
/// `got_on` is called on the caller's thread every so many sessions.
/// Errors: the database's; kOverloaded if a shard has no room, without saying which sessions it took.
Result<std::size_t> load_sessions(store::Database& database, const token::Keyring& keyring,
                                  std::span<token::Shard* const> shards, token::TableTime now,
                                  WallTime exact_since, const std::function<void()>& got_on = {});

}  // namespace latchkey::server
