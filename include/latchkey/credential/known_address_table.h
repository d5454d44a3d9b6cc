// The known addresses in the database, as plain functions. Used at start by the main thread and then on the
// store thread by SqliteKnownAddresses; inside the caller's transaction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "latchkey/base/clock.h"
#include "latchkey/base/result.h"
#include "latchkey/credential/known_addresses.h"
#include "latchkey/store/database.h"

namespace latchkey::credential::known_address_table {

/// Rows that a pruning leaves, at most: some 100 MiB. Past it the oldest logins are forgotten first.
inline constexpr std::int64_t kMaxRows = 1'000'000;
/// Rows of one user: so many places to log in from are remembered, the latest. One account fills no more of
/// the table than this, from however many addresses it logs in.
inline constexpr std::int64_t kMaxRowsPerUser = 100;
/// Rows that one pruning removes, at most: some milliseconds of the store thread.
inline constexpr std::int64_t kMaxPrunedRows = 4096;

/// The last login of this user with this password that was put, whatever its age.
Result<std::optional<WallTime>> last_login(store::Database& database, const KnownAddressHash& hash,
                                           const KnownUser& user);

/// As KnownAddresses::knows. A row from before schema version 4 names no user: it holds for the one of this
/// name whose password number has not changed since.
Result<bool> knows(store::Database& database, const KnownAddressHash& hash, std::string_view name,
                   WallTime now);

/// Puts the login in the place of the last one, and removes the oldest of the user's past kMaxRowsPerUser.
Result<void> put(store::Database& database, const KnownAddressHash& hash, const KnownUser& user,
                 WallTime now);

/// Removes what there is of the user.
Result<void> forget(store::Database& database, std::int64_t user_id);

/// Removes logins older than kKnownAddressMs and those above `max_rows`, the oldest first, at most
/// kMaxPrunedRows. Gives how many.
Result<std::int64_t> prune(store::Database& database, WallTime now, std::int64_t max_rows = kMaxRows);

}  // namespace latchkey::credential::known_address_table
