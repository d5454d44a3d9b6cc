// The start's stages over what the server keeps on disk: directory, database and key, opened and held against
// each other; later the mark of the run that begins, with the sessions of those before; and at the stop that
// run's end. All on the main thread, while no other has the database.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "latchkey/base/random.h"
#include "latchkey/base/result.h"
#include "latchkey/server/settings.h"
#include "latchkey/server/start_context.h"
#include "latchkey/server/start_tables.h"
#include "latchkey/store/data_directory.h"
#include "latchkey/store/database.h"
#include "latchkey/store/schema.h"
#include "latchkey/store/store_thread.h"
#include "latchkey/token/keyring.h"

namespace latchkey::server {

/// The data directory, made if that may be, and locked. Waits a little for a command that is about to end.
/// Errors as of DataDirectory::open.
Result<store::DataDirectory> lock_data(const Settings& settings);

/// That the key file is missing and may not be made.
std::string no_key_text(const std::filesystem::path& path);

/// The database and the keys that made its sessions. To be moved into its place before anything points to the
/// keyring. The database goes on to the store's thread; the keyring stays.
struct Data {
  store::Database database;
  token::Keyring keyring;
  bool was_checked = false;  ///< the database, because the last run could not trust it
};

/// Durable when it returns: nothing that relies on the database or the key comes before.
Result<Data> open_data(const Settings& settings, const store::DataDirectory& directory, Random& random);

/// What the database held when this run began.
struct Recorded {
  store::RunStart run;
  std::int64_t users = 0;
  std::size_t sessions = 0;  ///< those that the shards took
};

/// Marks the database as in use and fills the tables from it. The last thing that can refuse a start, so that
/// one which is refused leaves the last run's mark as it was. Before any core runs, on a connection of its
/// own: the store's belongs to its thread.
Result<Recorded> begin_run(const StartContext& start, const store::DataDirectory& directory,
                           const token::Keyring& keyring, const Tables& tables);

/// The counterpart, once all threads have ended: takes the database back from the store. Only a run whose
/// every refresh was written (`ended_in_order`) is marked as ended in order: the next start trusts the rows.
Result<void> end_run(const StartContext& start, store::StoreThread& store, bool ended_in_order);

}  // namespace latchkey::server
