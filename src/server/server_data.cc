#include "latchkey/credential/known_address_table.h"
#include "latchkey/server/server_process.h"
#include "latchkey/server/session_loader.h"
#include "latchkey/store/soundness.h"

namespace latchkey::server {

Result<void> ServerProcess::open_data() {
  auto directory = store::DataDirectory::open(settings_.data, "latchkeyd");
  if (!directory) return tl::unexpected<Error>(std::move(directory.error()));
  directory_.emplace(std::move(*directory));
  auto database = store::open_database(directory_->database_path().string());
  if (!database) return tl::unexpected<Error>(std::move(database.error()));
  database_.emplace(std::move(*database));
  const Result<bool> checked = store::check_if_distrusted(*database_, *directory_);
  if (!checked) return tl::unexpected<Error>(checked.error());
  database_checked_ = *checked;
  if (Result<void> keys = open_keys(*database_); !keys) return keys;
  // The database's and the key's names are on disk before anything relies on them.
  return directory_->sync();
}

Result<void> ServerProcess::open_keys(store::Database& database) {
  const std::string path = settings_.key_file.string();
  Result<token::Keyring> keyring = token::Keyring::load(path);
  if (!keyring && keyring.error().code == ErrorCode::kNotFound) {
    if (Result<void> may = store::check_new_key(database, settings_.key_file); !may) return may;
    keyring = token::Keyring::create(path, random_);
  }
  if (!keyring) return tl::unexpected<Error>(std::move(keyring.error()));
  keyring_.emplace(std::move(*keyring));
  return store::check_key(database, keyring_->fingerprint(), settings_.key_file);
}

// The last thing that can refuse a start, so that one which is refused leaves the last run's mark as it was.
// Before any core runs, on a connection of its own: the store's belongs to its thread.
Result<void> ServerProcess::begin_run_and_load() {
  Result<store::Database> database = store::open_database(directory_->database_path().string());
  if (!database) return tl::unexpected<Error>(std::move(database.error()));
  const Result<store::RunStart> start =
      store::begin_run(*database, clock_.wall(), settings_.token_timeout.count());
  if (!start) return tl::unexpected<Error>(start.error());
  run_start_ = *start;
  const Result<std::size_t> loaded =
      load_sessions(*database, *keyring_, shard_pointers_, table_clock_->now(), run_start_.exact_since);
  if (!loaded) return tl::unexpected<Error>(loaded.error());
  loaded_sessions_ = *loaded;
  const Result<std::int64_t> pruned = credential::known_address_table::prune(*database, clock_.wall());
  if (!pruned) return tl::unexpected<Error>(pruned.error());
  return {};
}

}  // namespace latchkey::server
