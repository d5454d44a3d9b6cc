// Django's users in its SQLite file.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "latchkey/migration/read_users.h"
#include "latchkey/store/database.h"
#include "migration/django_user.h"
#include "migration/readers.h"

namespace latchkey::migration {

namespace {

using store::Database;
using store::Statement;

/// The columns of a table; none if there is no such table.
Result<std::vector<std::string>> columns_of(Database& database, std::string_view table) {
  // A view may have rows without end.
  LATCHKEY_TRY(
      Statement statement,
      database.prepare("SELECT name FROM pragma_table_info(?1) WHERE EXISTS (SELECT 1 FROM sqlite_schema"
                       " WHERE type = 'table' AND name = ?1 COLLATE NOCASE)"));
  statement.bind(1, table);
  std::vector<std::string> columns;
  while (true) {
    LATCHKEY_TRY(const bool row, statement.step());
    if (!row) return columns;
    columns.emplace_back(statement.text(0));
  }
}

bool holds(const std::vector<std::string>& columns, std::string_view name) {
  return std::find(columns.begin(), columns.end(), name) != columns.end();
}

/// The name as SQL writes one that may have any characters.
std::string sql_name(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + '"';
}

/// NULL where the table has no such column.
std::string column_or_null(const std::vector<std::string>& columns, std::string_view name) {
  return holds(columns, name) ? sql_name(name) : "NULL";
}

std::optional<std::string> text_if(bool is_there, const Statement& row, int column) {
  return is_there ? std::optional<std::string>(row.text(column)) : std::nullopt;
}
std::optional<bool> truth_if(bool is_there, const Statement& row, int column) {
  return is_there ? std::optional(row.integer(column) != 0) : std::nullopt;
}

/// The names of the groups of the user with this key.
Result<std::vector<std::string>> groups_of(Database& database, const std::string& sql, std::int64_t key) {
  LATCHKEY_TRY(Statement statement, database.prepare(sql));
  statement.bind(1, key);
  std::vector<std::string> groups;
  while (true) {
    LATCHKEY_TRY(const bool row, statement.step());
    if (!row) return groups;
    groups.emplace_back(statement.text(0));
  }
}

/// The statement that finds a user's groups; empty where the project has none of Django's own.
Result<std::string> groups_sql(Database& database, std::string_view table) {
  const std::string link = std::string(table) + "_groups";
  LATCHKEY_TRY(const std::vector<std::string> link_columns, columns_of(database, link));
  LATCHKEY_TRY(const std::vector<std::string> group_columns, columns_of(database, "auth_group"));
  if (!holds(link_columns, "user_id") || !holds(link_columns, "group_id") || !holds(group_columns, "name"))
    return std::string();
  return fmt::format(
      "SELECT auth_group.name FROM auth_group JOIN {0} ON {0}.group_id = auth_group.id WHERE {0}.user_id = ?1 LIMIT {1}",
      sql_name(link), kMaxGroupsRead);
}

}  // namespace

Result<std::vector<ForeignUser>> read_django_database(const std::filesystem::path& path,
                                                      std::string_view table) {
  LATCHKEY_TRY(Database database, Database::open_to_look(path.string()));
  LATCHKEY_TRY(const std::vector<std::string> columns, columns_of(database, table));
  if (!holds(columns, "username") || !holds(columns, "password")) {
    return failure(ErrorCode::kInvalid,
                   fmt::format("there is no table '{}' with the columns username and password: name Django's "
                               "table of users with --table (the first of `SELECT name FROM sqlite_schema`)",
                               table));
  }
  LATCHKEY_TRY(const std::string of_groups, groups_sql(database, table));
  constexpr std::string_view kNames[] = {"id",           "username",   "password",  "is_active",
                                         "is_superuser", "first_name", "last_name", "email"};
  constexpr int kLastText = std::size(kNames) - 1;
  std::string sql = "SELECT ";
  for (const std::string_view name : kNames) sql += column_or_null(columns, name) + ", ";
  sql += fmt::format("rowid FROM {} ORDER BY rowid LIMIT {}", sql_name(table), kMaxUsers + 1);
  LATCHKEY_TRY(Statement row, database.prepare(sql));
  std::vector<ForeignUser> users;
  std::size_t bytes = 0;
  while (true) {
    LATCHKEY_TRY(const bool is_there, row.step());
    if (!is_there) break;
    for (int column = 1; column <= kLastText; ++column) bytes += row.text(column).size();
    if (bytes > kMaxFileBytes) {
      return failure(ErrorCode::kInvalid,
                     fmt::format("the users' texts have over {} MiB", kMaxFileBytes >> 20));
    }
    ForeignUser user;
    user.where = fmt::format("row {}", row.integer(8));
    user.name = row.text(1);
    user.active = truth_if(holds(columns, "is_active"), row, 3);
    user.superuser = truth_if(holds(columns, "is_superuser"), row, 4);
    user.first_name = text_if(holds(columns, "first_name"), row, 5);
    user.last_name = text_if(holds(columns, "last_name"), row, 6);
    user.email = text_if(holds(columns, "email"), row, 7);
    take_django_password(user, row.text(2));
    if (!of_groups.empty()) {
      LATCHKEY_TRY(user.groups, groups_of(database, of_groups, row.integer(0)));
    }
    users.push_back(std::move(user));
  }
  return finish_reading(std::move(users));
}

}  // namespace latchkey::migration
