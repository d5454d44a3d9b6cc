#include "server/start_data.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>
#include <utility>

#include "latchkey/base/file_rules.h"
#include "latchkey/credential/known_address_table.h"
#include "latchkey/store/soundness.h"
#include "server/fatal_end.h"
#include "server/room_settings.h"
#include "server/session_loader.h"

namespace latchkey::server {

namespace {

// A command takes milliseconds, and so does a look at who holds the lock.
constexpr int kLockTries = 20;
constexpr std::chrono::milliseconds kBetweenLockTries{25};

Result<token::Keyring> open_keys(const Settings& settings, store::Database& database, Random& random) {
  const std::string path = settings.key_file.string();
  Result<token::Keyring> loaded = token::Keyring::load(path);
  if (!loaded && loaded.error().code == ErrorCode::kNotFound) {
    if (is_credential(path)) return failure(ErrorCode::kNotFound, no_key_text(settings.key_file));
    LATCHKEY_TRY(store::check_new_key(database, settings.key_file));
    if (!settings.create) return failure(ErrorCode::kNotFound, no_key_text(settings.key_file));
    loaded = token::Keyring::create(path, random);
  }
  LATCHKEY_TRY(token::Keyring keyring, std::move(loaded));
  LATCHKEY_TRY(store::check_key(database, keyring.fingerprint(), settings.key_file));
  return keyring;
}

}  // namespace

Result<store::DataDirectory> lock_data(const Settings& settings) {
  for (int left = kLockTries;; --left) {
    auto directory = store::DataDirectory::open(settings.data, "latchkeyd", directory_options_of(settings));
    if (directory || directory.error().code != ErrorCode::kConflict || left == 0) return directory;
    std::this_thread::sleep_for(kBetweenLockTries);
  }
}

std::string no_key_text(const std::filesystem::path& path) {
  if (is_credential(path.string())) {
    return fmt::format(
        "there is no credential {}: see LoadCredential= in `systemctl cat latchkeyd`, and put the key file where it "
        "points; none is ever made there",
        path.string());
  }
  return fmt::format(
      "there is no key file {}: see whether key_file and data name the right places; a new key is "
      "made by --create alone",
      path.string());
}

Result<Data> open_data(const Settings& settings, const store::DataDirectory& directory, Random& random) {
  LATCHKEY_TRY(store::Database database,
               store::open_database(directory.database_path().string(),
                                    {.may_create = directory.may_create_database()}));
  LATCHKEY_TRY(const bool was_checked,
               end_if_fatal(directory, store::check_if_distrusted(database, directory)));
  LATCHKEY_TRY(token::Keyring keyring, end_if_fatal(directory, open_keys(settings, database, random)));
  // The directory entries of the database and the key are on disk before anything relies on them.
  LATCHKEY_TRY(end_if_fatal(directory, directory.sync()));
  return Data{std::move(database), std::move(keyring), was_checked};
}

Result<Recorded> begin_run(const StartContext& start, const store::DataDirectory& directory,
                           const token::Keyring& keyring, const Tables& tables,
                           const std::function<void()>& got_on) {
  LATCHKEY_TRY(store::Database database,
               store::open_database(directory.database_path().string(), {.may_create = false}));
  LATCHKEY_TRY(const std::int64_t users, database.query_integer("SELECT count(*) FROM users"));
  LATCHKEY_TRY(const store::RunStart run,
               store::begin_run(database, start.clock.wall(), start.settings.token_timeout.count()));
  LATCHKEY_TRY(const std::size_t sessions, load_sessions(database, keyring, tables.shards_by_number(),
                                                         tables.clock->now(), run.exact_since, got_on));
  LATCHKEY_TRY(credential::known_address_table::prune(database, start.clock.wall()));
  LATCHKEY_TRY(const credential::StoredSchemes schemes, credential::count_stored_schemes(database));
  return Recorded{run, users, sessions, schemes};
}

Result<void> end_run(const StartContext& start, store::StoreThread& store, bool ended_in_order) {
  LATCHKEY_TRY(store::Database database, store.release());
  if (ended_in_order) {
    LATCHKEY_TRY(store::end_run(database, start.clock.wall(), store.clock_set_ms()));
  }
  // Closing would bring the log into the file too, but would not report a failed fsync. Any other error costs
  // nothing, because the log keeps everything.
  Result<void> moved = database.checkpoint();
  if (!moved && moved.error().code == ErrorCode::kFatal) return moved;
  return {};
}

}  // namespace latchkey::server
