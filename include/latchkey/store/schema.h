// What the database file holds: its version, whose keys made its sessions, and whether the last run ended in
// order. Used at start and stop and by the command, by whoever owns the Database at the time.
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
/// PRAGMA user_version of what this program writes.
inline constexpr std::int64_t kSchemaVersion = 4;

/// Opens the file and brings its schema to kSchemaVersion. Errors: kNotFound where it has no tables and may
/// not be given any; kInvalid for another program's file or a newer version's; kUnavailable, kFatal.
Result<Database> open_database(const std::string& path, const DatabaseOptions& options = {});

/// What a look at a database finds.
struct DatabaseFindings {
  bool has_tables = false;
  std::int64_t users = 0;
  std::optional<std::string> fingerprint;  ///< of the key that made its sessions
};

/// Reads the file and changes nothing, also where a server works on it. Errors as of `open_database`, and
/// kNotFound as of `Database::open_to_look`.
Result<DatabaseFindings> inspect_database(const std::string& path);

/// Holds the database to the keys that made its sessions. A database without a fingerprint adopts
/// `fingerprint` (hex text); one with another is kInvalid, with both files named.
Result<void> check_key(Database& database, std::string_view fingerprint,
                       const std::filesystem::path& key_path);

/// For a key file that does not exist: kInvalid, with both files named, where the database belongs to a key.
/// Without an error a new key may be made.
Result<void> check_new_key(Database& database, const std::filesystem::path& key_path);

/// The same of a fingerprint that `inspect_database` found, and of a key file that is missing.
Result<void> check_fingerprint(std::string_view stored, std::string_view of_key, const std::string& database,
                               const std::filesystem::path& key_path);
Error lost_key(const std::string& database, const std::filesystem::path& key_path);

/// Takes out of the database, in one transaction, all that its key alone opens: sessions, known addresses and
/// the key's fingerprint. Users stay. How many live sessions that ended.
Result<std::int64_t> forget_key(Database& database);

/// That a database holds nothing and may not be given tables.
Error no_tables(const std::string& path);

struct RunStart {
  bool was_clean = true;  ///< the last run ended by `end_run`, or there was none
  /// When the first run after the last one that did not end by `end_run` began, and past all that was
  /// recorded by then: earlier times of last use may be behind the true ones.
  WallTime exact_since{};
  std::int64_t behind_ms =
      0;  ///< how far the wall clock stands behind the last recorded time; 0 if it does not
};

/// Marks the database as in use by a server, records its token timeout and the time, and tells how the last
/// run ended. A run carries its calendar on from its start, whatever the wall clock is set to meanwhile: here
/// the times that it recorded are moved by how much the clock was set in it, and where the clock now stands
/// behind the last recorded time, back by so much; not by less than a second. Durable when it returns.
Result<RunStart> begin_run(Database& database, WallTime now, std::int64_t token_timeout_ms);

/// The counterpart, after the last write of an orderly stop. `set_ms` is by how much the wall clock was set,
/// forward or back, since the run began.
Result<void> end_run(Database& database, WallTime now, std::int64_t set_ms);

/// Records the same inside the caller's transaction.
Result<void> record_wall_time(Database& database, WallTime now, std::int64_t set_ms);

/// The token timeout of the last run; none where no server has run on this database.
Result<std::optional<std::int64_t>> recorded_token_timeout_ms(Database& database);

}  // namespace latchkey::store
