#include "latchkey/credential/known_address_table.h"

#include <algorithm>
#include <utility>

namespace latchkey::credential::known_address_table {

using store::Database;
using store::Statement;

Result<std::optional<WallTime>> last_login(Database& database, const KnownAddressHash& hash,
                                           const KnownUser& user) {
  LATCHKEY_TRY(Statement statement,
               database.prepare("SELECT last_login_ms FROM known_addresses"
                                " WHERE hash = ?1 AND user_id = ?2 AND password_number = ?3"));
  LATCHKEY_TRY(const bool row, statement.bind(1, hash).bind(2, user.id).bind(3, user.password_number).step());
  if (!row) return std::optional<WallTime>();
  return std::optional<WallTime>(WallTime{statement.integer(0)});
}

// CROSS JOIN makes SQLite look up the address first. If it is not there, as for every stranger's, the query
// takes no longer for a name that has a user than for one that has none.
Result<bool> knows(Database& database, const KnownAddressHash& hash, std::string_view name, WallTime now) {
  LATCHKEY_TRY(
      Statement statement,
      database.prepare("SELECT 1 FROM known_addresses AS k CROSS JOIN users AS u"
                       " WHERE k.hash = ?1 AND k.last_login_ms >= ?3 AND u.name = ?2 AND u.active = 1"
                       " AND ((k.user_id = u.id AND k.password_number = u.password_number)"
                       "      OR (k.user_id IS NULL AND u.unbound_number = u.password_number))"));
  return statement.bind(1, hash).bind(2, name).bind(3, (now - kKnownAddressLife).ms).step();
}

Result<void> put(Database& database, const KnownAddressHash& hash, const KnownUser& user, WallTime now) {
  LATCHKEY_TRY(
      Statement putting,
      database.prepare(
          "INSERT INTO known_addresses(hash, user_id, password_number, last_login_ms) VALUES(?1, ?2, ?3, ?4)"
          " ON CONFLICT(hash) DO UPDATE SET user_id = ?2, password_number = ?3, last_login_ms = ?4"));
  putting.bind(1, hash).bind(2, user.id).bind(3, user.password_number).bind(4, now.ms);
  LATCHKEY_TRY(putting.run());
  // Never removes the row that was just put, even if the clock has been set back since the others.
  LATCHKEY_TRY(Statement removing,
               database.prepare("DELETE FROM known_addresses WHERE hash IN"
                                " (SELECT hash FROM known_addresses WHERE user_id = ?1 AND hash <> ?2"
                                "  ORDER BY last_login_ms DESC LIMIT ?3 OFFSET ?4)"));
  return removing.bind(1, user.id).bind(2, hash).bind(3, kMaxPrunedRows).bind(4, kMaxRowsPerUser - 1).run();
}

Result<void> forget(Database& database, std::int64_t user_id) {
  LATCHKEY_TRY(Statement statement, database.prepare("DELETE FROM known_addresses WHERE user_id = ?1"));
  return statement.bind(1, user_id).run();
}

Result<std::int64_t> prune(Database& database, WallTime now, std::int64_t max_rows) {
  LATCHKEY_TRY(const std::int64_t rows, database.query_integer("SELECT count(*) FROM known_addresses"));
  LATCHKEY_TRY(Statement counting,
               database.prepare(
                   "SELECT count(*) FROM (SELECT 1 FROM known_addresses WHERE last_login_ms < ?1 LIMIT ?2)"));
  LATCHKEY_TRY(counting.bind(1, (now - kKnownAddressLife).ms).bind(2, kMaxPrunedRows).step());
  // Both those that are too old and those that are too many are the oldest.
  const std::int64_t doomed = std::max(counting.integer(0), std::min(rows - max_rows, kMaxPrunedRows));
  if (doomed <= 0) return 0;

  LATCHKEY_TRY(Statement removing,
               database.prepare("DELETE FROM known_addresses WHERE hash IN"
                                " (SELECT hash FROM known_addresses ORDER BY last_login_ms LIMIT ?1)"));
  LATCHKEY_TRY(removing.bind(1, doomed).run());
  return database.changes();
}

}  // namespace latchkey::credential::known_address_table
