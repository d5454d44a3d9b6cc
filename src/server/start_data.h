// The stages of a start over what the server keeps on disk. First the directory, the database and the key are
// opened and checked against each other. Later come the run's mark and the recorded sessions, and at the stop
// the mark of an orderly end.
// Thread: the main thread, while no other works on the database.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "latchkey/base/random.h"
#include "latchkey/base/result.h"
#include "latchkey/credential/stored_kinds.h"
#include "latchkey/store/data_directory.h"
#include "latchkey/store/database.h"
#include "latchkey/store/schema.h"
#include "latchkey/store/store_thread.h"
#include "latchkey/token/keyring.h"
#include "server/settings.h"
#include "server/start_context.h"
#include "server/start_tables.h"

namespace latchkey::server {

/// Locks the data directory, and creates it if the settings ask for that. Waits up to half a second for a
/// command that holds the lock.
/// Errors: those of DataDirectory::open.
Result<store::DataDirectory> lock_data(const Settings& settings);

/// Says that the key file is missing and may not be created.
std::string no_key_text(const std::filesystem::path& path);

/// The database and the key that its sessions were made with. The database later moves to the store's thread.
/// Lifetime: everything else points to the keyring, so it must not move once a later stage has been made.
struct Data {
  store::Database database;
  token::Keyring keyring;
  bool was_checked = false;  ///< the database was, because the last run could not trust it
};

/// What it creates is durable when it returns, before anything relies on it.
Result<Data> open_data(const Settings& settings, const store::DataDirectory& directory, Random& random);

/// What the database held when this run began.
struct Recorded {
  store::RunStart run;
  std::int64_t users = 0;
  std::size_t sessions = 0;  ///< as many as the shards took
  credential::StoredSchemes schemes{};
};

/// Marks the database as in use and fills the tables from it. It is the last stage that can refuse a start,
/// so a refused start leaves the last run's mark as it was. It opens a connection of its own, because the
/// store's belongs to the store's thread. `got_on` is as in `load_sessions`.
/// Requires: no core runs yet.
Result<Recorded> begin_run(const StartContext& start, const store::DataDirectory& directory,
                           const token::Keyring& keyring, const Tables& tables,
                           const std::function<void()>& got_on);

/// The counterpart of `begin_run`: takes the database back from the store, marks the run as ended in order,
/// and brings the log into the file. If a refresh was not written (`ended_in_order` is false) it leaves out
/// the mark, because the next start trusts the rows of a marked run. Errors: kFatal if an fsync failed; that
/// the mark was not written. Requires: the store's worker has ended.
Result<void> end_run(const StartContext& start, store::StoreThread& store, bool ended_in_order);

}  // namespace latchkey::server
