#include "latchkey/store/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "latchkey/base/file_rules.h"
#include "latchkey/store/data_directory.h"
#include "latchkey/store/soundness.h"

namespace latchkey::store {

namespace {

// Row numbers of sessions and users are never used again (AUTOINCREMENT): whatever remembers a row after its
// end (a token table, a log) must not find somebody else in it. A session repeats its user's name, because
// users may be in another directory than this file. The index by user holds only live sessions, so it stays
// small while dead ones wait to be forgotten.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE meta(
  key TEXT PRIMARY KEY NOT NULL,
  value ANY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  password_hash TEXT NOT NULL,
  password_number INTEGER NOT NULL,
  active INTEGER NOT NULL CHECK(active IN (0, 1)),
  superuser INTEGER NOT NULL CHECK(superuser IN (0, 1)),
  first_name TEXT NOT NULL,
  last_name TEXT NOT NULL,
  email TEXT NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions(
  row INTEGER PRIMARY KEY AUTOINCREMENT,
  session_id BLOB NOT NULL CHECK(length(session_id) = 16),
  lookup BLOB NOT NULL UNIQUE CHECK(length(lookup) = 16),
  user_id INTEGER NOT NULL,
  user_name TEXT NOT NULL,
  binding BLOB NOT NULL CHECK(length(binding) = 16),
  key_number INTEGER NOT NULL CHECK(key_number BETWEEN 0 AND 255),
  created_ms INTEGER NOT NULL,
  last_used_ms INTEGER NOT NULL,
  death INTEGER NOT NULL CHECK(death BETWEEN 0 AND 4),
  died_ms INTEGER NOT NULL,
  address TEXT NOT NULL,
  agent BLOB NOT NULL
) STRICT;

CREATE INDEX live_sessions_by_user ON sessions(user_id) WHERE death = 0;
)sql";

// The addresses from which users have logged in (C-20). Nothing in it is readable: it is a hash of name and
// address, under a key that the database does not hold.
constexpr const char* kVersion2 = R"sql(
CREATE TABLE known_addresses(
  hash BLOB PRIMARY KEY NOT NULL CHECK(length(hash) = 16),
  last_login_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX known_addresses_by_time ON known_addresses(last_login_ms);
)sql";

// Every start asks which kinds of password hashes there are (C-14). A kind is the front of a hash. With this
// index, a kind takes one look, not one per user. So it does not matter what writes the users.
constexpr const char* kVersion3 = R"sql(
CREATE INDEX users_by_hash_kind ON users(substr(password_hash, 1, 40));
)sql";

// Binds known addresses to users (C-20): a row is valid for that user with that password, so whatever ends
// either ends the row. Rows from before this version name nobody, because their hash cannot be reversed. Each
// is valid for the user of its name while that user's password number is still `unbound_number`, the number
// at the time of this version. It is NULL for users who came later or were disabled, so no earlier row is
// valid for them.
constexpr const char* kVersion4 = R"sql(
ALTER TABLE known_addresses ADD COLUMN user_id INTEGER;
ALTER TABLE known_addresses ADD COLUMN password_number INTEGER;
CREATE INDEX known_addresses_by_user ON known_addresses(user_id, last_login_ms) WHERE user_id IS NOT NULL;
ALTER TABLE users ADD COLUMN unbound_number INTEGER;
UPDATE users SET unbound_number = password_number WHERE active = 1;
)sql";

// Groups of a user (S-11): names joined by commas, sorted. `profile_number` counts the changes of groups and
// details, and is 0 for a user who never had any. So a start finds through the index those who have, and
// reads nothing of the others.
constexpr const char* kVersion5 = R"sql(
ALTER TABLE users ADD COLUMN group_names TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN profile_number INTEGER NOT NULL DEFAULT 0;
UPDATE users SET profile_number = 1 WHERE first_name <> '' OR last_name <> '' OR email <> '';
CREATE INDEX users_with_profile ON users(id) WHERE profile_number > 0;
)sql";

/// Step `i` leads from version i to version i + 1.
constexpr std::array<const char*, kSchemaVersion> kSteps = {kVersion1, kVersion2, kVersion3, kVersion4,
                                                            kVersion5};

constexpr std::string_view kKeyFingerprint = "key_fingerprint";
constexpr std::string_view kCleanStop = "clean_stop";
constexpr std::string_view kExactSinceMs = "exact_since_ms";
constexpr std::string_view kLastWallMs = "last_wall_ms";
constexpr std::string_view kClockSetMs = "clock_set_ms";
constexpr std::string_view kTokenTimeoutMs = "token_timeout_ms";
constexpr std::string_view kBackupMs = "backup_ms";

Result<void> put_meta(Database& database, std::string_view key, auto value) {
  LATCHKEY_TRY(Statement statement,
               database.prepare(
                   "INSERT INTO meta(key, value) VALUES(?1, ?2) ON CONFLICT(key) DO UPDATE SET value = ?2"));
  return statement.bind(1, key).bind(2, value).run();
}

/// Calls `take` with the statement at the row of `key`; false if there is none.
Result<bool> get_meta(Database& database, std::string_view key, auto take) {
  LATCHKEY_TRY(Statement statement, database.prepare("SELECT value FROM meta WHERE key = ?1"));
  Result<bool> row = statement.bind(1, key).step();
  if (row && *row) take(statement);
  return row;
}

Result<void> check_owner(Database& database) {
  LATCHKEY_TRY(const std::int64_t id, database.query_integer("PRAGMA application_id"));
  if (id == kApplicationId) return {};
  LATCHKEY_TRY(const std::int64_t tables, database.query_integer("SELECT count(*) FROM sqlite_schema"));
  if (id == 0 && tables == 0) return {};
  return failure(
      ErrorCode::kInvalid,
      fmt::format("{} is another program's database; name another data directory", database.path()));
}

Result<void> run_steps(Database& database, std::int64_t version) {
  LATCHKEY_TRY(Transaction transaction, Transaction::begin(database));
  for (std::int64_t step = version; step < kSchemaVersion; ++step) {
    LATCHKEY_TRY(database.execute(kSteps[static_cast<std::size_t>(step)]));
  }
  const std::string marks =
      fmt::format("PRAGMA application_id={}; PRAGMA user_version={};", kApplicationId, kSchemaVersion);
  LATCHKEY_TRY(database.execute(marks.c_str()));
  return transaction.commit();
}

/// The command that makes a new key for a database, ready to type.
std::string renewal(const std::string& database, const std::filesystem::path& key) {
  const std::filesystem::path directory = std::filesystem::path(database).parent_path();
  std::string command = fmt::format("latchkey --data {} key renew", shell_word(directory.string()));
  if (key != DataDirectory::key_path(directory)) command += " --key-file " + shell_word(key.string());
  return command;
}

/// The version of a database that is ours: 0 if it has no tables yet, and at most kSchemaVersion.
Result<std::int64_t> known_version(Database& database) {
  LATCHKEY_TRY(check_owner(database));
  Result<std::int64_t> version = database.query_integer("PRAGMA user_version");
  if (!version || (*version >= 0 && *version <= kSchemaVersion)) return version;
  return failure(
      ErrorCode::kInvalid,
      fmt::format("database {} has version {} and this Latchkey knows versions up to {}: start the newer "
                  "Latchkey that wrote it, or restore a backup",
                  database.path(), *version, kSchemaVersion));
}

Result<void> bring_up_to_date(Database& database, bool may_create) {
  LATCHKEY_TRY(const std::int64_t version, known_version(database));
  if (version == 0 && !may_create) return tl::unexpected(no_tables(database.path()));
  if (version == kSchemaVersion) return {};
  return run_steps(database, version);
}

Result<std::optional<std::string>> stored_fingerprint(Database& database) {
  std::optional<std::string> stored;
  LATCHKEY_TRY(
      get_meta(database, kKeyFingerprint, [&stored](const Statement& row) { stored = row.text(0); }));
  return stored;
}

Result<std::optional<std::int64_t>> stored_integer(Database& database, std::string_view key) {
  std::optional<std::int64_t> stored;
  LATCHKEY_TRY(get_meta(database, key, [&stored](const Statement& row) { stored = row.integer(0); }));
  return stored;
}

// Rewriting every session is worth it for a step that a person would notice, but not for a measuring error.
constexpr std::int64_t kLeastStepMs = 1000;

/// Moves every recorded time of every session by this much.
Result<void> move_session_times(Database& database, std::int64_t by_ms) {
  LATCHKEY_TRY(
      Statement statement,
      database.prepare("UPDATE sessions SET created_ms = created_ms + ?1, last_used_ms = last_used_ms + ?1, "
                       "died_ms = CASE death WHEN 0 THEN died_ms ELSE died_ms + ?1 END"));
  return statement.bind(1, by_ms).run();
}

}  // namespace

Result<Database> open_database(const std::string& path, const DatabaseOptions& options) {
  LATCHKEY_TRY(Database database, Database::open(path, options));
  LATCHKEY_TRY(bring_up_to_date(database, options.may_create));
  return database;
}

Error no_tables(const std::string& path) {
  return {ErrorCode::kNotFound,
          fmt::format("the database {} has no tables: put it back from a backup; for a new one without its "
                      "users, move away what is left of it, and the key beside it, and give --create",
                      path)};
}

Result<DatabaseFindings> inspect_database(const std::string& path) {
  DatabaseFindings findings;
  LATCHKEY_TRY(Database database, Database::open_to_look(path));
  LATCHKEY_TRY(const std::int64_t version, known_version(database));
  if (version == 0) return findings;
  findings.has_tables = true;
  LATCHKEY_TRY(findings.users, database.query_integer("SELECT count(*) FROM users"));
  LATCHKEY_TRY(findings.fingerprint, stored_fingerprint(database));
  return findings;
}

Result<DatabaseExamination> examine_database(const std::string& path, const std::string& shown) {
  DatabaseExamination found;
  LATCHKEY_TRY(Database database, Database::open_to_look(path, shown));
  LATCHKEY_TRY(found.version, known_version(database));
  if (found.version == 0) {
    return failure(ErrorCode::kNotFound,
                   fmt::format("{} is no database of Latchkey's: it has no tables", database.path()));
  }
  LATCHKEY_TRY(check_soundness(database));
  LATCHKEY_TRY(found.users, database.query_integer("SELECT count(*) FROM users"));
  LATCHKEY_TRY(found.live_sessions, database.query_integer("SELECT count(*) FROM sessions WHERE death = 0"));
  LATCHKEY_TRY(found.fingerprint, stored_fingerprint(database));
  LATCHKEY_TRY(const auto recorded_ms, stored_integer(database, kLastWallMs));
  found.recorded = {recorded_ms.value_or(0)};
  return found;
}

Result<std::optional<WallTime>> recorded_backup(Database& database) {
  LATCHKEY_TRY(const auto made_ms, stored_integer(database, kBackupMs));
  if (!made_ms) return std::optional<WallTime>();
  return std::optional(WallTime{*made_ms});
}

Result<void> record_backup(Database& database, WallTime made) {
  return put_meta(database, kBackupMs, made.ms);
}

Result<void> check_key(Database& database, std::string_view fingerprint,
                       const std::filesystem::path& key_path) {
  LATCHKEY_TRY(const std::optional<std::string> stored, stored_fingerprint(database));
  if (!stored.has_value()) return put_meta(database, kKeyFingerprint, fingerprint);
  return check_fingerprint(*stored, fingerprint, database.path(), key_path);
}

Result<void> check_new_key(Database& database, const std::filesystem::path& key_path) {
  LATCHKEY_TRY(const std::optional<std::string> stored, stored_fingerprint(database));
  if (!stored.has_value()) return {};
  return tl::unexpected(lost_key(database.path(), key_path));
}

Result<void> check_fingerprint(std::string_view stored, std::string_view of_key, const std::string& database,
                               const std::filesystem::path& key_path) {
  if (stored == of_key) return {};
  return failure(ErrorCode::kInvalid,
                 fmt::format("the key file {} is not the one that made the sessions in {}: put the right key "
                             "file back, or run `{}`, which makes a new key, ends all sessions and keeps the "
                             "users",
                             key_path.string(), database, renewal(database, key_path)));
}

Error lost_key(const std::string& database, const std::filesystem::path& key_path) {
  return {
      ErrorCode::kInvalid,
      fmt::format("the key file {} is missing, and the sessions in {} were made with it: put the key file "
                  "back, or run `{}`, which makes a new key, ends all sessions and keeps the users",
                  key_path.string(), database, renewal(database, key_path))};
}

Result<std::int64_t> forget_key(Database& database) {
  LATCHKEY_TRY(Transaction transaction, Transaction::begin(database));
  LATCHKEY_TRY(const std::int64_t live,
               database.query_integer("SELECT count(*) FROM sessions WHERE death = 0"));
  LATCHKEY_TRY(database.execute("DELETE FROM sessions; DELETE FROM known_addresses"));
  LATCHKEY_TRY(Statement statement, database.prepare("DELETE FROM meta WHERE key = ?1"));
  LATCHKEY_TRY(statement.bind(1, kKeyFingerprint).run());
  LATCHKEY_TRY(transaction.commit());
  return live;
}

Result<RunStart> begin_run(Database& database, WallTime now, std::int64_t token_timeout_ms) {
  LATCHKEY_TRY(Transaction transaction, Transaction::begin(database));
  LATCHKEY_TRY(const auto clean, stored_integer(database, kCleanStop));
  LATCHKEY_TRY(const auto last_wall_ms, stored_integer(database, kLastWallMs));
  LATCHKEY_TRY(const auto stored_exact_since_ms, stored_integer(database, kExactSinceMs));
  const bool was_clean = clean.value_or(1) == 1;
  LATCHKEY_TRY(const auto set_ms, stored_integer(database, kClockSetMs));
  std::int64_t exact_since_ms = stored_exact_since_ms.value_or(0);
  // The last run kept the calendar of its start, and no time can have run backwards since its end.
  const std::int64_t behind_ms = std::max<std::int64_t>(0, last_wall_ms.value_or(now.ms) - now.ms);
  const std::int64_t step_ms = set_ms.value_or(0) - behind_ms;
  if (std::abs(step_ms) >= kLeastStepMs) {
    LATCHKEY_TRY(move_session_times(database, step_ms));
    if (exact_since_ms > 0) exact_since_ms += step_ms;
  }
  if (!was_clean) {
    // Later than every record, wherever the clock was when the record was made.
    LATCHKEY_TRY(const auto newest_ms,
                 database.query_integer("SELECT coalesce(max(last_used_ms), 0) FROM sessions"));
    exact_since_ms = std::max(now.ms, newest_ms + 1);
  }

  LATCHKEY_TRY(put_meta(database, kCleanStop, std::int64_t{0}));
  LATCHKEY_TRY(put_meta(database, kTokenTimeoutMs, token_timeout_ms));
  LATCHKEY_TRY(put_meta(database, kExactSinceMs, exact_since_ms));
  LATCHKEY_TRY(record_wall_time(database, now, 0));
  LATCHKEY_TRY(transaction.commit());
  return RunStart{.was_clean = was_clean, .exact_since = {exact_since_ms}, .behind_ms = behind_ms};
}

Result<void> end_run(Database& database, WallTime now, std::int64_t set_ms) {
  LATCHKEY_TRY(Transaction transaction, Transaction::begin(database));
  LATCHKEY_TRY(put_meta(database, kCleanStop, std::int64_t{1}));
  LATCHKEY_TRY(record_wall_time(database, now, set_ms));
  return transaction.commit();
}

Result<void> record_wall_time(Database& database, WallTime now, std::int64_t set_ms) {
  LATCHKEY_TRY(put_meta(database, kClockSetMs, set_ms));
  return put_meta(database, kLastWallMs, now.ms);
}

Result<std::optional<std::int64_t>> recorded_token_timeout_ms(Database& database) {
  return stored_integer(database, kTokenTimeoutMs);
}

}  // namespace latchkey::store
