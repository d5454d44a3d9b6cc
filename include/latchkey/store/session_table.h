// The sessions in the database, as plain functions. Used on the store thread by SqliteStore, at start by the
// server and offline by the command; inside the caller's transaction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "latchkey/base/result.h"
#include "latchkey/store/database.h"
#include "latchkey/store/session.h"

namespace latchkey::store {

/// Inserts the session, buries the rows that it replaces. Gives the new row.
Result<RowId> insert_login(Database& database, const LoginRecord& record);

/// A row that is dead keeps its reason; a missing row is no error. Gives how many died.
Result<std::size_t> bury(Database& database, std::span<const SessionDeath> deaths);

/// Moves `last_used` on, never back, and never of a dead row. Gives how many moved.
Result<std::size_t> refresh(Database& database, std::span<const SessionRefresh> refreshes);

/// Removes rows; a missing one is no error.
Result<std::size_t> forget_rows(Database& database, std::span<const RowId> rows);

Result<std::optional<Session>> find_session(Database& database, const LookupHash& lookup);
Result<std::optional<Session>> find_session_row(Database& database, RowId row);

/// The user's rows that are not dead, oldest first, at most `limit`.
Result<std::vector<Session>> live_sessions_of(Database& database, std::int64_t user_id, std::size_t limit);

/// The user's rows below `before` that are not dead, newest first, at most `limit`.
Result<std::vector<Session>> newest_live_sessions_of(Database& database, std::int64_t user_id, RowId before,
                                                     std::size_t limit);

/// Buries the rows of the user that are meant and not dead. Gives how many.
Result<std::size_t> bury_all_of(Database& database, const UserDeath& death);

/// Shows every row to `visit`, in row order, one at a time; the session is the visitor's to move from. What
/// no token needs is not read: `lookup`, `created`, `address` and `agent` are empty. Gives how many there
/// were.
Result<std::size_t> load_all(Database& database, const std::function<void(Session&)>& visit);

}  // namespace latchkey::store
