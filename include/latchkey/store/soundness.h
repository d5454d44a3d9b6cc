// Whether the database file can still be trusted. A mark beside the file says that a run could not trust it,
// and the next start then checks the whole file before it relies on it. Used by the process that holds the
// data directory.
#pragma once

#include "latchkey/base/result.h"
#include "latchkey/store/data_directory.h"
#include "latchkey/store/database.h"

namespace latchkey::store {

/// Leaves the mark, as well as a failing disk allows. Waits for nothing.
/// Thread: any.
void distrust_database(const DataDirectory& directory) noexcept;

/// Runs SQLite's own check over the whole file.
/// Errors: kFatal, naming the first thing that is wrong.
Result<void> check_soundness(Database& database);

/// If the mark is there, checks the file and removes the mark if the file is sound. Returns whether the mark
/// was there.
/// Errors: kFatal if the file is damaged; kUnavailable if it cannot be read or the mark cannot be removed.
Result<bool> check_if_distrusted(Database& database, const DataDirectory& directory);

}  // namespace latchkey::store
