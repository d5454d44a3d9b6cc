// The known addresses in the database, as plain functions. Used at start by the main thread and then on the
// store thread by SqliteKnownAddresses; inside the caller's transaction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "latchkey/base/clock.h"
#include "latchkey/base/result.h"
#include "latchkey/credential/known_addresses.h"
#include "latchkey/store/database.h"

namespace latchkey::credential::known_address_table {

/// Rows that a pruning leaves, at most: some 100 MiB. Past it the oldest logins are forgotten first.
inline constexpr std::int64_t kMaxRows = 1'000'000;
/// Rows that one pruning removes, at most: some milliseconds of the store thread.
inline constexpr std::int64_t kMaxPrunedRows = 4096;

/// The last login that was put, whatever its age.
Result<std::optional<WallTime>> last_login(store::Database& database, const KnownAddressHash& hash);

/// Puts the login in the place of the last one.
Result<void> put(store::Database& database, const KnownAddressHash& hash, WallTime now);

/// Removes logins older than kKnownAddressMs and those above `max_rows`, the oldest first, at most
/// kMaxPrunedRows. Gives how many.
Result<std::int64_t> prune(store::Database& database, WallTime now, std::int64_t max_rows = kMaxRows);

}  // namespace latchkey::credential::known_address_table
