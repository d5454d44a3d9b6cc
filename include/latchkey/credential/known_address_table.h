// The known addresses in the database, as plain functions. They run inside the caller's transaction.
// Thread: the main thread at start, then the store's thread, through SqliteKnownAddresses.
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

/// The most rows that a pruning leaves: some 100 MiB. Past it the oldest logins are forgotten first.
inline constexpr std::int64_t kMaxRows = 1'000'000;
/// The most rows of one user, the latest. One account fills no more of the table than this, however many
/// addresses it logs in from.
inline constexpr std::int64_t kMaxRowsPerUser = 100;
/// The most rows that one pruning removes: some milliseconds of the store's thread.
inline constexpr std::int64_t kMaxPrunedRows = 4096;

/// The time of this user's last recorded login with this password, whatever its age.
Result<std::optional<WallTime>> last_login(store::Database& database, const KnownAddressHash& hash,
                                           const KnownUser& user);

/// As KnownAddresses::knows. A row from before schema version 4 names no user. It is valid for the user of
/// this name whose password number has not changed since.
Result<bool> knows(store::Database& database, const KnownAddressHash& hash, std::string_view name,
                   WallTime now);

/// Records the login in place of the last one, and removes the user's oldest rows past kMaxRowsPerUser.
Result<void> put(store::Database& database, const KnownAddressHash& hash, const KnownUser& user,
                 WallTime now);

/// Removes all rows of the user.
Result<void> forget(store::Database& database, std::int64_t user_id);

/// Removes logins older than kKnownAddressLife and those above `max_rows`, oldest first, at most
/// kMaxPrunedRows. Returns how many.
Result<std::int64_t> prune(store::Database& database, WallTime now, std::int64_t max_rows = kMaxRows);

}  // namespace latchkey::credential::known_address_table
