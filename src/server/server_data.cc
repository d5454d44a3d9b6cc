#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "latchkey/credential/known_address_table.h"
#include "latchkey/server/server.h"
#include "latchkey/server/server_process.h"
#include "latchkey/server/session_loader.h"
#include "latchkey/store/soundness.h"

namespace latchkey::server {

namespace {

// A command is done within milliseconds, and so is a look at who holds the lock.
constexpr int kLockTries = 20;
constexpr std::chrono::milliseconds kBetweenLockTries{25};

}  // namespace

std::string no_key_text(const std::filesystem::path& path) {
  return fmt::format(
      "there is no key file {}: see whether key_file and data name the right places; a new key is "
      "made by --create alone",
      path.string());
}

Result<void> ServerProcess::lock_data() {
  const store::DirectoryOptions options{.create = settings_.create, .key_file = settings_.key_file};
  for (int left = kLockTries;; --left) {
    auto directory = store::DataDirectory::open(settings_.data, "latchkeyd", options);
    if (directory) {
      directory_.emplace(std::move(*directory));
      return {};
    }
    if (directory.error().code != ErrorCode::kConflict || left == 0) {
      return tl::unexpected<Error>(std::move(directory.error()));
    }
    std::this_thread::sleep_for(kBetweenLockTries);
  }
}

Result<void> ServerProcess::open_data() {
  LATCHKEY_TRY(lock_data());
  LATCHKEY_TRY(database_, store::open_database(directory_->database_path().string(),
                                               {.may_create = directory_->may_create_database()}));
  LATCHKEY_TRY(database_checked_, store::check_if_distrusted(*database_, *directory_));
  LATCHKEY_TRY(open_keys(*database_));
  // The database's and the key's names are on disk before anything relies on them.
  return directory_->sync();
}

Result<void> ServerProcess::open_keys(store::Database& database) {
  const std::string path = settings_.key_file.string();
  Result<token::Keyring> keyring = token::Keyring::load(path);
  if (!keyring && keyring.error().code == ErrorCode::kNotFound) {
    LATCHKEY_TRY(store::check_new_key(database, settings_.key_file));
    if (!settings_.create) return failure(ErrorCode::kNotFound, no_key_text(settings_.key_file));
    keyring = token::Keyring::create(path, random_);
  }
  LATCHKEY_TRY(keyring_, std::move(keyring));
  return store::check_key(database, keyring_->fingerprint(), settings_.key_file);
}

// The last thing that can refuse a start, so that one which is refused leaves the last run's mark as it was.
// Before any core runs, on a connection of its own: the store's belongs to its thread.
Result<void> ServerProcess::begin_run_and_load() {
  LATCHKEY_TRY(store::Database database,
               store::open_database(directory_->database_path().string(), {.may_create = false}));
  LATCHKEY_TRY(users_, database.query_integer("SELECT count(*) FROM users"));
  LATCHKEY_TRY(run_start_, store::begin_run(database, clock_.wall(), settings_.token_timeout.count()));
  LATCHKEY_TRY(loaded_sessions_, load_sessions(database, *keyring_, shard_pointers_, table_clock_->now(),
                                               run_start_.exact_since));
  LATCHKEY_TRY(credential::known_address_table::prune(database, clock_.wall()));
  return {};
}

}  // namespace latchkey::server
