#include "latchkey/credential/known_address_table.h"

#include <algorithm>
#include <utility>

namespace latchkey::credential::known_address_table {

using store::Database;
using store::Statement;

Result<std::optional<WallTime>> last_login(Database& database, const KnownAddressHash& hash) {
  Result<Statement> statement = database.prepare("SELECT last_login_ms FROM known_addresses WHERE hash = ?1");
  if (!statement) return tl::unexpected(statement.error());
  const Result<bool> row = statement->bind(1, hash).step();
  if (!row) return tl::unexpected(row.error());
  if (!*row) return std::optional<WallTime>();
  return std::optional<WallTime>(WallTime{statement->integer(0)});
}

Result<void> put(Database& database, const KnownAddressHash& hash, WallTime now) {
  Result<Statement> statement = database.prepare(
      "INSERT INTO known_addresses(hash, last_login_ms) VALUES(?1, ?2)"
      " ON CONFLICT(hash) DO UPDATE SET last_login_ms = ?2");
  if (!statement) return tl::unexpected(statement.error());
  return statement->bind(1, hash).bind(2, now.ms).run();
}

Result<std::int64_t> prune(Database& database, WallTime now, std::int64_t max_rows) {
  const Result<std::int64_t> rows = database.query_integer("SELECT count(*) FROM known_addresses");
  if (!rows) return tl::unexpected(rows.error());
  Result<Statement> counting = database.prepare(
      "SELECT count(*) FROM (SELECT 1 FROM known_addresses WHERE last_login_ms < ?1 LIMIT ?2)");
  if (!counting) return tl::unexpected(counting.error());
  const Result<bool> counted = counting->bind(1, now.ms - kKnownAddressMs).bind(2, kMaxPrunedRows).step();
  if (!counted) return tl::unexpected(counted.error());
  // Those that are too old and those that are too many are both the oldest.
  const std::int64_t doomed = std::max(counting->integer(0), std::min(*rows - max_rows, kMaxPrunedRows));
  if (doomed <= 0) return 0;

  Result<Statement> removing = database.prepare(
      "DELETE FROM known_addresses WHERE hash IN"
      " (SELECT hash FROM known_addresses ORDER BY last_login_ms LIMIT ?1)");
  if (!removing) return tl::unexpected(removing.error());
  if (Result<void> ran = removing->bind(1, doomed).run(); !ran) return tl::unexpected(std::move(ran.error()));
  return database.changes();
}

}  // namespace latchkey::credential::known_address_table
