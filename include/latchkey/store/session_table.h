// Plain functions over the sessions in the database. They run in the caller's transaction: on the store's
// thread for SqliteStore, at start for the server, and offline for the command.
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

/// Inserts the session and buries the rows that it replaces. Returns the new row.
Result<RowId> insert_login(Database& database, const LoginRecord& record);

/// A dead row keeps its reason, and a missing row is no error. Returns how many died.
Result<std::size_t> bury(Database& database, std::span<const SessionDeath> deaths);

/// Moves `last_used` forward only, and never for a dead row. Returns how many moved.
Result<std::size_t> refresh(Database& database, std::span<const SessionRefresh> refreshes);

/// Removes rows. A missing one is no error.
Result<std::size_t> forget_rows(Database& database, std::span<const RowId> rows);

Result<std::optional<Session>> find_session(Database& database, const LookupHash& lookup);
Result<std::optional<Session>> find_session_row(Database& database, RowId row);

/// Up to `limit` of the user's live rows, oldest first.
Result<std::vector<Session>> live_sessions_of(Database& database, std::int64_t user_id, std::size_t limit);

/// Up to `limit` of the user's live rows below `before`, newest first.
Result<std::vector<Session>> newest_live_sessions_of(Database& database, std::int64_t user_id, RowId before,
                                                     std::size_t limit);

/// Up to `limit` of all live rows above `after`, in their order.
Result<std::vector<Session>> live_sessions(Database& database, RowId after, std::size_t limit);

/// Up to `limit` of the users who have live rows and whose ids are above `after`, in their order.
Result<std::vector<std::int64_t>> users_with_sessions(Database& database, std::int64_t after,
                                                      std::size_t limit);

/// Buries those of the user's live rows that `death` selects. Returns how many.
Result<std::size_t> bury_all_of(Database& database, const UserDeath& death);

/// Buries every live row. Returns how many.
Result<std::size_t> bury_everything(Database& database, Death reason, WallTime at);

/// Shows every row to `visit`, one at a time and in row order. The visitor may move from the session. Fields
/// that no token needs are not read: `lookup`, `created`, `address` and `agent` are empty. Returns how many
/// rows there were.
Result<std::size_t> load_all(Database& database, const std::function<void(Session&)>& visit);

}  // namespace latchkey::store
