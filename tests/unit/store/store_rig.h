// What tests of everything above the store need: a scratch directory, and a store "thread" that a test turns
// by hand on its only thread, so that it decides what arrives together.
#pragma once

#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "latchkey/base/assert.h"
#include "latchkey/base/clock.h"
#include "latchkey/base/log.h"
#include "latchkey/runtime/mailbox.h"
#include "latchkey/runtime/nursery.h"
#include "latchkey/runtime/task.h"
#include "latchkey/store/schema.h"
#include "latchkey/store/store_thread.h"

namespace latchkey::store {

/// A fresh directory, removed with all that is in it.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "latchkey-test-XXXXXX").string();
    LATCHKEY_ASSERT(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~ScratchDirectory() { std::filesystem::remove_all(path_); }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }
  std::string operator/(const char* name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

class SilentDoorbell final : public runtime::Doorbell {
 public:
  void wake(runtime::PortId) noexcept override {}
};

/// Keeps the lines, for tests that read them.
class KeptLog final : public Log {
 public:
  void write(LogLevel, std::string line) noexcept override { lines.push_back(std::move(line)); }
  bool reserve() noexcept override { return has_room; }
  bool has(std::string_view event) const {
    for (const std::string& line : lines) {
      if (line.find("event=" + std::string(event)) != std::string::npos) return true;
    }
    return false;
  }
  std::size_t count(std::string_view event) const {
    return static_cast<std::size_t>(
        std::count_if(lines.begin(), lines.end(), [event](const std::string& line) {
          return line.find("event=" + std::string(event)) != std::string::npos;
        }));
  }
  std::vector<std::string> lines;
  bool has_room = true;  ///< for lines on what is answered
};

/// Port 0 is the client's, port 1 the store's.
class StoreRig {
 public:
  explicit StoreRig(Database database)
      : store(std::move(database), mailbox.port(1), clock, log,
              [this](const Error& error) { fatal.push_back(error); }) {
    for (runtime::PortId id = 0; id < mailbox.size(); ++id) mailbox.port(id).set_doorbell(&doorbell);
  }

  runtime::Port& port() noexcept { return mailbox.port(0); }

  /// One batch of the store: all that has been sent by now.
  void turn_store() {
    mailbox.port(1).drain();
    store.after_batch(mailbox.port(1));
  }
  /// Runs both sides until nothing moves.
  void settle() {
    while (mailbox.port(1).drain() + mailbox.port(0).drain() > 0) store.after_batch(mailbox.port(1));
  }

  /// Starts a task; its value stands in `out` once it has finished.
  template <class T>
  void start(runtime::Task<T> task, std::optional<T>& out) {
    nursery.spawn(keep(std::move(task), out));
  }
  template <class T>
  T wait(runtime::Task<T> task) {
    std::optional<T> out;
    start(std::move(task), out);
    settle();
    LATCHKEY_ASSERT(out.has_value());
    return std::move(*out);
  }

  static constexpr std::size_t kWayCapacity = 1024;

  SilentDoorbell doorbell;
  ManualClock clock;
  KeptLog log;
  std::vector<Error> fatal;
  runtime::Mailbox mailbox{2, kWayCapacity};
  StoreThread store;
  runtime::Nursery nursery;

 private:
  template <class T>
  static runtime::Task<void> keep(runtime::Task<T> task, std::optional<T>& out) {
    out.emplace(co_await task);
  }
};

/// A database that must open.
inline Database must_open(const std::string& path, const DatabaseOptions& options = {}) {
  Result<Database> database = open_database(path, options);
  LATCHKEY_ASSERT(database.has_value());
  return std::move(*database);
}

}  // namespace latchkey::store
