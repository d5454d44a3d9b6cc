// What the database file says of itself: its version, whose keys made its sessions, and whether the last run
// ended in order. Used at start and stop, and by the command.
// Thread: the one that owns the Database at the time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "latchkey/base/clock.h"
#include "latchkey/base/result.h"
#include "latchkey/store/database.h"

namespace latchkey::store {

/// PRAGMA application_id: "LKEY".
inline constexpr std::int64_t kApplicationId = 0x4c4b4559;
/// PRAGMA user_version, as this program writes it.
inline constexpr std::int64_t kSchemaVersion = 5;

/// Opens the file and brings its schema to kSchemaVersion.
/// Errors: kNotFound if it has no tables and may not be given any; kInvalid if it belongs to another program
/// or a newer version; kUnavailable; kFatal.
Result<Database> open_database(const std::string& path, const DatabaseOptions& options = {});

/// What an inspection of a database finds.
struct DatabaseFindings {
  bool has_tables = false;
  std::int64_t users = 0;
  std::optional<std::string> fingerprint;  ///< of the key that made its sessions
};

/// Reads the file and changes nothing, even while a server works on it.
/// Errors: as for `open_database`; kNotFound as for `Database::open_to_look`.
Result<DatabaseFindings> inspect_database(const std::string& path);

/// What a look at all of a database finds.
struct DatabaseExamination {
  std::int64_t version = 0;
  std::int64_t users = 0;
  std::int64_t live_sessions = 0;          ///< those that timed out and are not forgotten yet too
  std::optional<std::string> fingerprint;  ///< of the key that made its sessions
  /// The last time that it recorded: about when a backup was made. 0 if no server has run on it.
  WallTime recorded{};
};

/// Reads all of the file, has SQLite check it, and changes nothing. `shown` is the name in errors.
/// Errors: kFatal if the file is damaged; kInvalid if it is another program's, or a newer version's;
/// kNotFound if it has no tables; those of `Database::open_to_look`.
Result<DatabaseExamination> examine_database(const std::string& path, const std::string& shown = {});

/// When a backup of this database was last made and examined; none if never.
Result<std::optional<WallTime>> recorded_backup(Database& database);
/// Records one, inside the caller's transaction.
Result<void> record_backup(Database& database, WallTime made);

/// Checks that the database belongs to these keys. A database without a fingerprint adopts `fingerprint` (hex
/// text).
/// Errors: kInvalid, naming both files, if it has another fingerprint.
Result<void> check_key(Database& database, std::string_view fingerprint,
                       const std::filesystem::path& key_path);

/// For a key file that does not exist. If this returns no error, a new key may be made.
/// Errors: kInvalid, naming both files, if the database belongs to a key.
Result<void> check_new_key(Database& database, const std::filesystem::path& key_path);

/// The same for a fingerprint that `inspect_database` found: the check, and the error for a missing key file.
Result<void> check_fingerprint(std::string_view stored, std::string_view of_key, const std::string& database,
                               const std::filesystem::path& key_path);
Error lost_key(const std::string& database, const std::filesystem::path& key_path);

/// Removes everything that only the key opens, in one transaction: sessions, known addresses and the key's
/// fingerprint. Users stay. Returns how many live sessions that ended.
Result<std::int64_t> forget_key(Database& database);

/// The error for a database that holds nothing and may not be given tables.
Error no_tables(const std::string& path);

struct RunStart {
  bool was_clean = true;  ///< the last run ended by `end_run`, or there was none
  /// Times of last use before this one may be behind the true ones. It is when the first run after the last
  /// unclean one began, and it lies past everything that was recorded by then.
  WallTime exact_since{};
  std::int64_t behind_ms = 0;  ///< how far the wall clock is behind the last recorded time; 0 if it is not
};

/// Marks the database as in use by a server, records its token timeout and the time, and says how the last
/// run ended. A run keeps the calendar of its start, whatever the wall clock is set to meanwhile. So this
/// moves the times that the last run recorded by how much the clock was set during it. If the clock is now
/// behind the last recorded time, it moves them back by the difference. It skips a move of less than a second
/// in all. Durable when it returns.
Result<RunStart> begin_run(Database& database, WallTime now, std::int64_t token_timeout_ms);

/// The counterpart, called after the last write of an orderly stop. `set_ms` is by how much the wall clock
/// was set since the run began, forward or back.
Result<void> end_run(Database& database, WallTime now, std::int64_t set_ms);

/// Records the same inside the caller's transaction.
Result<void> record_wall_time(Database& database, WallTime now, std::int64_t set_ms);

/// The token timeout of the last run; none if no server has run on this database.
Result<std::optional<std::int64_t>> recorded_token_timeout_ms(Database& database);

}  // namespace latchkey::store
