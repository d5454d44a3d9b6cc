// The stages of a start over what the server keeps on disk: first directory, database and key, opened and
// held against each other; later the run's mark and the recorded sessions; at the stop the end of that mark.
// Thread: the main thread, while no other works on the database.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "latchkey/base/random.h"
#include "latchkey/base/result.h"
#include "latchkey/store/data_directory.h"
#include "latchkey/store/database.h"
#include "latchkey/store/schema.h"
#include "latchkey/store/store_thread.h"
#include "latchkey/token/keyring.h"
#include "server/settings.h"
#include "server/start_context.h"
#include "server/start_tables.h"

namespace latchkey::server {

/// Locks the data directory, and makes it where the settings ask for that. Waits half a second for a command
/// that holds the lock. Errors as of DataDirectory::open.
Result<store::DataDirectory> lock_data(const Settings& settings);

/// That the key file is missing and may not be made.
std::string no_key_text(const std::filesystem::path& path);

/// The database and the keys that made its sessions. The database moves on to the store's thread. Everything
/// else points to the keyring: it must not move once a later stage has been made.
struct Data {
  store::Database database;
  token::Keyring keyring;
  bool was_checked = false;  ///< the database, because the last run could not trust it
};

/// What it makes is durable when it returns, before anything relies on it.
Result<Data> open_data(const Settings& settings, const store::DataDirectory& directory, Random& random);

/// What the database held when this run began.
struct Recorded {
  store::RunStart run;
  std::int64_t users = 0;
  std::size_t sessions = 0;  ///< those that the shards took
};

/// Marks the database as in use and fills the tables from it. The last stage that can refuse a start, so that
/// a refused start leaves the last run's mark as it was. It opens a connection of its own, as the store's
/// belongs to its thread. Requires: no core runs yet.
Result<Recorded> begin_run(const StartContext& start, const store::DataDirectory& directory,
                           const token::Keyring& keyring, const Tables& tables);

/// The counterpart of `begin_run`: takes the database back from the store and marks the run as ended in
/// order. It leaves the mark out where a refresh was not written (not `ended_in_order`), as the next start
/// trusts the rows of a marked run. Requires: the store's worker has ended.
Result<void> end_run(const StartContext& start, store::StoreThread& store, bool ended_in_order);

}  // namespace latchkey::server
