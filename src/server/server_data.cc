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
  if (Result<void> locked = lock_data(); !locked) return locked;
  auto database = store::open_database(directory_->database_path().string(),
                                       {.may_create = directory_->may_create_database()});
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
    if (!settings_.create) return failure(ErrorCode::kNotFound, no_key_text(settings_.key_file));
    keyring = token::Keyring::create(path, random_);
  }
  if (!keyring) return tl::unexpected<Error>(std::move(keyring.error()));
  keyring_.emplace(std::move(*keyring));
  return store::check_key(database, keyring_->fingerprint(), settings_.key_file);
}

// The last thing that can refuse a start, so that one which is refused leaves the last run's mark as it was.
// Before any core runs, on a connection of its own: the store's belongs to its thread.
Result<void> ServerProcess::begin_run_and_load() {
  Result<store::Database> database =
      store::open_database(directory_->database_path().string(), {.may_create = false});
  if (!database) return tl::unexpected<Error>(std::move(database.error()));
  const Result<std::int64_t> users = database->query_integer("SELECT count(*) FROM users");
  if (!users) return tl::unexpected<Error>(users.error());
  users_ = *users;
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
