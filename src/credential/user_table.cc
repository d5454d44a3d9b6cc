#include "latchkey/credential/user_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "latchkey/credential/hash_scheme.h"
#include "latchkey/credential/known_address_table.h"

namespace latchkey::credential::user_table {

namespace {

using store::Database;
using store::Statement;

// The columns in the order that read_user expects.
#define LATCHKEY_USER_COLUMNS                                                                               \
  "id, name, password_hash, active, superuser, first_name, last_name, email, created_ms, password_number, " \
  "group_names, profile_number"

// Separates the names of groups in their column. No name has one.
constexpr char kComma = ',';

// The expression that the index users_by_hash_kind is built on.
#define LATCHKEY_INDEXED_PART "substr(password_hash, 1, 40)"
constexpr std::size_t kIndexedCharacters = 40;
static_assert(kIndexedCharacters >= kMaxHashKindBytes);

std::vector<std::string> split(std::string_view joined) {
  std::vector<std::string> names;
  while (!joined.empty()) {
    const std::string_view name = joined.substr(0, joined.find(kComma));
    names.emplace_back(name);
    joined.remove_prefix(std::min(name.size() + 1, joined.size()));
  }
  return names;
}

std::string join(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, std::string_view(&kComma, 1)));
}

User read_user(const Statement& row) {
  User user;
  user.id = row.integer(0);
  user.name = row.text(1);
  user.password_hash = row.text(2);
  user.active = row.integer(3) != 0;
  user.superuser = row.integer(4) != 0;
  user.first_name = row.text(5);
  user.last_name = row.text(6);
  user.email = row.text(7);
  user.created = {row.integer(8)};
  user.password_number = row.integer(9);
  user.groups = split(row.text(10));
  user.profile_number = row.integer(11);
  return user;
}

Result<std::optional<User>> read_one(Statement& statement) {
  LATCHKEY_TRY(const bool row, statement.step());
  if (!row) return std::optional<User>();
  return std::optional<User>(read_user(statement));
}

/// Runs a change of one row. Returns false if it matched none.
Result<bool> changed(Database& database, Statement& statement) {
  LATCHKEY_TRY(statement.run());
  return database.changes() > 0;
}

void sort(std::vector<std::string>& groups) {
  std::sort(groups.begin(), groups.end());
  groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
}

bool has_profile(const User& user) noexcept {
  return !user.groups.empty() || !user.first_name.empty() || !user.last_name.empty() || !user.email.empty();
}

Result<User> find_present(Database& database, std::int64_t id) {
  LATCHKEY_TRY(std::optional<User> user, find_by_id(database, id));
  if (!user) return failure(ErrorCode::kNotFound, "the user was deleted meanwhile");
  return std::move(*user);
}

/// Writes groups and details.
Result<User> write_profile(Database& database, User user) {
  LATCHKEY_TRY(
      Statement statement,
      database.prepare("UPDATE users SET first_name = ?2, last_name = ?3, email = ?4, group_names = ?5,"
                       " profile_number = profile_number + 1 WHERE id = ?1"));
  const std::string groups = join(user.groups);
  statement.bind(1, user.id)
      .bind(2, user.first_name)
      .bind(3, user.last_name)
      .bind(4, user.email)
      .bind(5, groups);
  LATCHKEY_TRY(statement.run());
  ++user.profile_number;
  return user;
}

/// Binds what both ways of writing a whole user have at the same places.
/// Lifetime: both arguments outlive the statement's run.
Statement& bind_record(Statement& statement, const User& user, const std::string& groups) {
  return statement.bind(2, user.password_hash)
      .bind(3, std::int64_t{user.active ? 1 : 0})
      .bind(4, std::int64_t{user.superuser ? 1 : 0})
      .bind(5, user.first_name)
      .bind(6, user.last_name)
      .bind(7, user.email)
      .bind(9, groups)
      .bind(10, user.profile_number);
}

}  // namespace

Result<void> check(const User& user) {
  LATCHKEY_TRY(check_new_user_name(user.name));
  return check_profile(user);
}

void sort_groups(User& user) { sort(user.groups); }

Result<User> add(Database& database, User user) {
  sort(user.groups);
  LATCHKEY_TRY(check(user));
  user.profile_number = has_profile(user) ? 1 : 0;
  LATCHKEY_TRY(Statement statement,
               database.prepare(
                   "INSERT INTO users(name, password_hash, active, superuser, first_name, last_name, email,"
                   " created_ms, password_number, group_names, profile_number)"
                   " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9, ?10)"));
  const std::string groups = join(user.groups);
  bind_record(statement, user, groups).bind(1, user.name).bind(8, user.created.ms);
  if (Result<void> ran = statement.run(); !ran) {
    if (ran.error().code != ErrorCode::kConflict) return tl::unexpected(std::move(ran.error()));
    return failure(ErrorCode::kConflict, fmt::format("there is a user named '{}' already", user.name));
  }
  user.id = database.last_row();
  user.password_number = 0;
  return user;
}

Result<void> replace(Database& database, const User& user) {
  LATCHKEY_TRY(Statement statement,
               database.prepare(
                   "UPDATE users SET password_hash = ?2, active = ?3, superuser = ?4, first_name = ?5,"
                   " last_name = ?6, email = ?7, password_number = ?8, group_names = ?9, profile_number = ?10"
                   " WHERE id = ?1"));
  const std::string groups = join(user.groups);
  bind_record(statement, user, groups).bind(1, user.id).bind(8, user.password_number);
  return statement.run();
}

Result<std::optional<User>> find(Database& database, std::string_view name) {
  LATCHKEY_TRY(Statement statement,
               database.prepare("SELECT " LATCHKEY_USER_COLUMNS " FROM users WHERE name = ?1"));
  statement.bind(1, name);
  return read_one(statement);
}

Result<std::optional<User>> find_by_id(Database& database, std::int64_t id) {
  LATCHKEY_TRY(Statement statement,
               database.prepare("SELECT " LATCHKEY_USER_COLUMNS " FROM users WHERE id = ?1"));
  statement.bind(1, id);
  return read_one(statement);
}

Result<std::vector<User>> list(Database& database, std::string_view after, std::size_t limit) {
  LATCHKEY_TRY(Statement statement, database.prepare("SELECT " LATCHKEY_USER_COLUMNS
                                                     " FROM users WHERE name > ?1 ORDER BY name LIMIT ?2"));
  statement.bind(1, after).bind(2, static_cast<std::int64_t>(limit));
  std::vector<User> users;
  for (;;) {
    LATCHKEY_TRY(std::optional<User> user, read_one(statement));
    if (!user.has_value()) return users;
    users.push_back(std::move(*user));
  }
}

Result<User> change_groups(Database& database, std::int64_t id, const GroupChange& change) {
  LATCHKEY_TRY(User user, find_present(database, id));
  const std::vector<std::string> before = user.groups;
  user.groups.insert(user.groups.end(), change.add.begin(), change.add.end());
  sort(user.groups);
  std::erase_if(user.groups, [&change](const std::string& group) {
    return std::find(change.remove.begin(), change.remove.end(), group) != change.remove.end();
  });
  if (user.groups == before) return user;
  // What takes groups away is not refused for those that are left.
  if (!change.add.empty()) LATCHKEY_TRY(check_profile(user));
  return write_profile(database, std::move(user));
}

Result<User> change_details(Database& database, std::int64_t id, const DetailChange& change) {
  LATCHKEY_TRY(User user, find_present(database, id));
  const auto replace = [&user](std::string User::*detail, const std::optional<std::string>& text) {
    const bool differs = text && user.*detail != *text;
    if (differs) user.*detail = *text;
    return differs;
  };
  bool differs = replace(&User::first_name, change.first_name);
  differs = replace(&User::last_name, change.last_name) || differs;
  differs = replace(&User::email, change.email) || differs;
  if (!differs) return user;
  LATCHKEY_TRY(check_profile(user));
  return write_profile(database, std::move(user));
}

Result<void> load_profiles(Database& database, const std::function<void(const User&)>& visit) {
  // INDEXED BY: without the index, this would read every user.
  LATCHKEY_TRY(Statement statement,
               database.prepare("SELECT " LATCHKEY_USER_COLUMNS
                                " FROM users INDEXED BY users_with_profile WHERE profile_number > 0"));
  for (;;) {
    LATCHKEY_TRY(const bool row, statement.step());
    if (!row) return {};
    visit(read_user(statement));
  }
}

Result<std::optional<IndexedHash>> first_hash_from(Database& database, std::string_view from,
                                                   std::string_view end) {
  // INDEXED BY: without the index, this would read every user.
  LATCHKEY_TRY(Statement statement,
               database.prepare("SELECT password_hash, " LATCHKEY_INDEXED_PART
                                " FROM users INDEXED BY users_by_hash_kind"
                                " WHERE " LATCHKEY_INDEXED_PART " >= ?1 AND " LATCHKEY_INDEXED_PART " < ?2"
                                " ORDER BY " LATCHKEY_INDEXED_PART " LIMIT 1"));
  LATCHKEY_TRY(const bool row, statement.bind(1, from).bind(2, end).step());
  if (!row) return std::optional<IndexedHash>();
  return std::optional<IndexedHash>(
      IndexedHash{std::string(statement.text(0)), std::string(statement.text(1))});
}

Result<std::int64_t> count_hashes_from(Database& database, std::string_view from, std::string_view end) {
  LATCHKEY_TRY(Statement statement,
               database.prepare("SELECT count(*) FROM users INDEXED BY users_by_hash_kind"
                                " WHERE " LATCHKEY_INDEXED_PART " >= ?1 AND " LATCHKEY_INDEXED_PART " < ?2"));
  LATCHKEY_TRY(statement.bind(1, from).bind(2, end).step());
  return statement.integer(0);
}

Result<bool> set_password_hash(Database& database, std::int64_t id, std::string_view hash) {
  LATCHKEY_TRY(
      Statement statement,
      database.prepare(
          "UPDATE users SET password_hash = ?2, password_number = password_number + 1 WHERE id = ?1"));
  statement.bind(1, id).bind(2, hash);
  return changed(database, statement);
}

Result<bool> change_password_hash(Database& database, std::int64_t id, std::int64_t password_number,
                                  std::string_view hash) {
  LATCHKEY_TRY(Statement statement,
               database.prepare("UPDATE users SET password_hash = ?3, password_number = password_number + 1"
                                " WHERE id = ?1 AND password_number = ?2 AND active = 1"));
  statement.bind(1, id).bind(2, password_number).bind(3, hash);
  return changed(database, statement);
}

Result<bool> replace_hash(Database& database, std::int64_t id, std::string_view expected,
                          std::string_view replacement) {
  LATCHKEY_TRY(Statement statement,
               database.prepare("UPDATE users SET password_hash = ?3 WHERE id = ?1 AND password_hash = ?2"));
  statement.bind(1, id).bind(2, expected).bind(3, replacement);
  return changed(database, statement);
}

Result<bool> set_active(Database& database, std::int64_t id, bool active) {
  LATCHKEY_TRY(
      Statement statement,
      database.prepare(
          "UPDATE users SET active = ?2, password_number = password_number + (?2 = 0) WHERE id = ?1"));
  statement.bind(1, id).bind(2, std::int64_t{active ? 1 : 0});
  return changed(database, statement);
}

Result<User> rename(Database& database, std::int64_t id, std::string_view name) {
  LATCHKEY_TRY(User user, find_present(database, id));
  user.name = name;
  LATCHKEY_TRY(check(user));
  LATCHKEY_TRY(known_address_table::forget(database, id));
  LATCHKEY_TRY(
      Statement statement,
      database.prepare("UPDATE users SET name = ?2, password_number = password_number + 1 WHERE id = ?1"));
  statement.bind(1, id).bind(2, name);
  if (Result<void> ran = statement.run(); !ran) {
    if (ran.error().code != ErrorCode::kConflict) return tl::unexpected(std::move(ran.error()));
    return failure(ErrorCode::kConflict, fmt::format("there is a user named '{}' already", name));
  }
  return find_present(database, id);
}

Result<bool> remove(Database& database, std::int64_t id) {
  LATCHKEY_TRY(known_address_table::forget(database, id));
  LATCHKEY_TRY(Statement statement, database.prepare("DELETE FROM users WHERE id = ?1"));
  statement.bind(1, id);
  return changed(database, statement);
}

}  // namespace latchkey::credential::user_table
