#include "latchkey/store/session_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>

#include "latchkey/base/assert.h"

namespace latchkey::store {

namespace {

constexpr std::size_t kMaxAgentBytes = 256;

// The columns that read_token_part reads, in its order, then those that read_session adds.
#define LATCHKEY_TOKEN_COLUMNS \
  "row, session_id, user_id, user_name, binding, key_number, last_used_ms, death, died_ms"
#define LATCHKEY_SESSION_COLUMNS LATCHKEY_TOKEN_COLUMNS ", lookup, created_ms, address, agent"
constexpr int kFirstColumnAfterTokenPart = 9;

std::span<const std::uint8_t> bytes_of(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

template <std::size_t N>
bool copy_blob(std::span<const std::uint8_t> blob, std::array<std::uint8_t, N>& out) noexcept {
  if (blob.size() != N) return false;
  std::copy(blob.begin(), blob.end(), out.begin());
  return true;
}

tl::unexpected<Error> damaged(const Database& database, RowId row) {
  return failure(ErrorCode::kFatal, fmt::format("database {}: session row {} is damaged; restore a backup",
                                                database.path(), row));
}

/// Reads the columns that a token table is made from.
Result<Session> read_token_part(const Database& database, const Statement& row) {
  Session session;
  session.row = row.integer(0);
  const bool whole = copy_blob(row.blob(1), session.id) && copy_blob(row.blob(4), session.binding);
  const std::int64_t key_number = row.integer(5);
  const std::int64_t death = row.integer(7);
  // The schema's own checks guarantee these, so only a damaged file breaks them.
  if (!whole || session.row < 1 || session.row > kMaxRowId || key_number < 0 ||
      key_number > std::numeric_limits<std::uint8_t>::max() || death < 0 ||
      death > static_cast<std::int64_t>(Death::kInactive)) {
    return damaged(database, session.row);
  }
  session.user_id = row.integer(2);
  session.user_name = row.text(3);
  session.key_number = static_cast<std::uint8_t>(key_number);
  session.last_used = {row.integer(6)};
  session.death = static_cast<Death>(death);
  session.died = {row.integer(8)};
  return session;
}

Result<Session> read_session(const Database& database, const Statement& row) {
  LATCHKEY_TRY(Session session, read_token_part(database, row));
  constexpr int kFirst = kFirstColumnAfterTokenPart;
  if (!copy_blob(row.blob(kFirst), session.lookup)) return damaged(database, session.row);
  session.created = {row.integer(kFirst + 1)};
  session.address = row.text(kFirst + 2);
  const std::span<const std::uint8_t> agent = row.blob(kFirst + 3);
  session.agent.assign(agent.begin(), agent.end());
  return session;
}

Result<std::optional<Session>> read_one(Database& database, Statement& statement) {
  LATCHKEY_TRY(const bool row, statement.step());
  if (!row) return std::optional<Session>();
  LATCHKEY_TRY(Session session, read_session(database, statement));
  return std::optional<Session>(std::move(session));
}

Result<std::vector<Session>> read_all(Database& database, Statement& statement) {
  std::vector<Session> sessions;
  for (;;) {
    LATCHKEY_TRY(std::optional<Session> session, read_one(database, statement));
    if (!session) return sessions;
    sessions.push_back(std::move(*session));
  }
}

/// Binds and runs one statement for each of `items`. Returns how many rows changed in all.
template <class Items, class Bind>
Result<std::size_t> run_for_each(Database& database, std::string_view sql, const Items& items, Bind bind) {
  if (items.empty()) return std::size_t{0};
  LATCHKEY_TRY(Statement statement, database.prepare(sql));
  std::size_t changed = 0;
  for (const auto& item : items) {
    bind(statement, item);
    LATCHKEY_TRY(statement.run());
    changed += static_cast<std::size_t>(database.changes());
    statement.reset();
  }
  return changed;
}

}  // namespace

Result<RowId> insert_login(Database& database, const LoginRecord& record) {
  const Session& session = record.session;
  {
    LATCHKEY_TRY(
        Statement statement,
        database.prepare(
            "INSERT INTO sessions(session_id, lookup, user_id, user_name, binding, key_number, created_ms, "
            "last_used_ms,"
            " death, died_ms, address, agent) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"));
    statement.bind(1, session.id)
        .bind(2, session.lookup)
        .bind(3, session.user_id)
        .bind(4, session.user_name)
        .bind(5, session.binding)
        .bind(6, std::int64_t{session.key_number})
        .bind(7, session.created.ms)
        .bind(8, session.last_used.ms)
        .bind(9, static_cast<std::int64_t>(session.death))
        .bind(10, session.died.ms)
        .bind(11, session.address)
        .bind(12, bytes_of(std::string_view(session.agent).substr(0, kMaxAgentBytes)));
    LATCHKEY_TRY(statement.run());
  }
  const RowId row = database.last_row();
  if (row > kMaxRowId) {
    return failure(ErrorCode::kUnavailable,
                   fmt::format("database {}: all {} session rows were used; start with an empty database",
                               database.path(), kMaxRowId));
  }
  LATCHKEY_TRY(bury(database, record.deaths));
  return row;
}

Result<std::size_t> bury(Database& database, std::span<const SessionDeath> deaths) {
  return run_for_each(
      database, "UPDATE sessions SET death = ?2, died_ms = ?3 WHERE row = ?1 AND death = 0", deaths,
      [](Statement& statement, const SessionDeath& death) {
        LATCHKEY_ASSERT(death.reason != Death::kNone);
        statement.bind(1, death.row).bind(2, static_cast<std::int64_t>(death.reason)).bind(3, death.at.ms);
      });
}

Result<std::size_t> refresh(Database& database, std::span<const SessionRefresh> refreshes) {
  return run_for_each(
      database, "UPDATE sessions SET last_used_ms = ?2 WHERE row = ?1 AND death = 0 AND last_used_ms < ?2",
      refreshes, [](Statement& statement, const SessionRefresh& refresh) {
        statement.bind(1, refresh.row).bind(2, refresh.last_used.ms);
      });
}

Result<std::size_t> forget_rows(Database& database, std::span<const RowId> rows) {
  return run_for_each(database, "DELETE FROM sessions WHERE row = ?1", rows,
                      [](Statement& statement, RowId row) { statement.bind(1, row); });
}

Result<std::optional<Session>> find_session(Database& database, const LookupHash& lookup) {
  LATCHKEY_TRY(Statement statement,
               database.prepare("SELECT " LATCHKEY_SESSION_COLUMNS " FROM sessions WHERE lookup = ?1"));
  statement.bind(1, lookup);
  return read_one(database, statement);
}

Result<std::optional<Session>> find_session_row(Database& database, RowId row) {
  LATCHKEY_TRY(Statement statement,
               database.prepare("SELECT " LATCHKEY_SESSION_COLUMNS " FROM sessions WHERE row = ?1"));
  statement.bind(1, row);
  return read_one(database, statement);
}

Result<std::vector<Session>> live_sessions_of(Database& database, std::int64_t user_id, std::size_t limit) {
  LATCHKEY_TRY(Statement statement,
               database.prepare("SELECT " LATCHKEY_SESSION_COLUMNS
                                " FROM sessions WHERE user_id = ?1 AND death = 0 ORDER BY row LIMIT ?2"));
  statement.bind(1, user_id).bind(2, static_cast<std::int64_t>(limit));
  return read_all(database, statement);
}

Result<std::vector<Session>> newest_live_sessions_of(Database& database, std::int64_t user_id, RowId before,
                                                     std::size_t limit) {
  LATCHKEY_TRY(
      Statement statement,
      database.prepare(
          "SELECT " LATCHKEY_SESSION_COLUMNS
          " FROM sessions WHERE user_id = ?1 AND death = 0 AND row < ?2 ORDER BY row DESC LIMIT ?3"));
  statement.bind(1, user_id).bind(2, before).bind(3, static_cast<std::int64_t>(limit));
  return read_all(database, statement);
}

Result<std::vector<Session>> live_sessions(Database& database, RowId after, std::size_t limit) {
  LATCHKEY_TRY(Statement statement,
               database.prepare("SELECT " LATCHKEY_SESSION_COLUMNS
                                " FROM sessions WHERE row > ?1 AND death = 0 ORDER BY row LIMIT ?2"));
  statement.bind(1, after).bind(2, static_cast<std::int64_t>(limit));
  return read_all(database, statement);
}

Result<std::vector<std::int64_t>> users_with_sessions(Database& database, std::int64_t after,
                                                      std::size_t limit) {
  LATCHKEY_TRY(Statement statement,
               database.prepare("SELECT DISTINCT user_id FROM sessions INDEXED BY live_sessions_by_user"
                                " WHERE death = 0 AND user_id > ?1 ORDER BY user_id LIMIT ?2"));
  statement.bind(1, after).bind(2, static_cast<std::int64_t>(limit));
  std::vector<std::int64_t> users;
  while (true) {
    LATCHKEY_TRY(const bool row, statement.step());
    if (!row) return users;
    users.push_back(statement.integer(0));
  }
}

Result<std::size_t> bury_all_of(Database& database, const UserDeath& death) {
  LATCHKEY_ASSERT(death.reason != Death::kNone);
  LATCHKEY_TRY(Statement statement,
               database.prepare("UPDATE sessions SET death = ?2, died_ms = ?3"
                                " WHERE user_id = ?1 AND death = 0 AND row <= ?4 AND row <> ?5"));
  statement.bind(1, death.user_id).bind(2, static_cast<std::int64_t>(death.reason)).bind(3, death.at.ms);
  statement.bind(4, death.last_row).bind(5, death.kept_row);
  LATCHKEY_TRY(statement.run());
  return static_cast<std::size_t>(database.changes());
}

Result<std::size_t> bury_everything(Database& database, Death reason, WallTime at) {
  LATCHKEY_TRY(Statement statement,
               database.prepare("UPDATE sessions SET death = ?1, died_ms = ?2 WHERE death = 0"));
  statement.bind(1, static_cast<std::int64_t>(reason)).bind(2, at.ms);
  LATCHKEY_TRY(statement.run());
  return static_cast<std::size_t>(database.changes());
}

Result<std::size_t> load_all(Database& database, const std::function<void(Session&)>& visit) {
  LATCHKEY_TRY(Statement statement,
               database.prepare("SELECT " LATCHKEY_TOKEN_COLUMNS " FROM sessions ORDER BY row"));
  for (std::size_t count = 0;; ++count) {
    LATCHKEY_TRY(const bool row, statement.step());
    if (!row) return count;
    LATCHKEY_TRY(Session session, read_token_part(database, statement));
    visit(session);
  }
}

}  // namespace latchkey::store
