// Whether the database file can still be trusted: a mark beside it says that a run could not, and the next
// start checks the whole file before it relies on it. Used by the process that holds the data directory.
#pragma once

#include "latchkey/base/result.h"
#include "latchkey/store/data_directory.h"
#include "latchkey/store/database.h"

namespace latchkey::store {

/// Leaves the mark, as well as a disk that fails lets it: nothing is waited for. Any thread.
void distrust_database(const DataDirectory& directory) noexcept;

/// SQLite's own check of the whole file. Error kFatal with the first thing that is wrong.
Result<void> check_soundness(Database& database);

/// Where the mark is: checks, and takes the mark away if the file is sound. True if it was there. Errors:
/// kFatal, the file is damaged; kUnavailable, it cannot be read, or the mark stays.
Result<bool> check_if_distrusted(Database& database, const DataDirectory& directory);

}  // namespace latchkey::store
