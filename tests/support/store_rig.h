// StoreRig: a store "thread" that a test drives by hand on its only thread. The test thus decides what
// arrives together.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "latchkey/base/assert.h"
#include "latchkey/base/clock.h"
#include "latchkey/runtime/mailbox.h"
#include "latchkey/runtime/nursery.h"
#include "latchkey/runtime/task.h"
#include "latchkey/store/schema.h"
#include "latchkey/store/store_thread.h"
#include "support/base_doubles.h"
#include "support/keep.h"
#include "support/runtime_doubles.h"

namespace latchkey::test {

/// Port 0 is the client's, port 1 the store's.
class StoreRig {
 public:
  explicit StoreRig(store::Database database)
      : store(std::move(database), mailbox.port(1), clock, log,
              [this](const Error& error) { fatal.push_back(error); }) {
    for (runtime::PortId id = 0; id < mailbox.size(); ++id) mailbox.port(id).set_doorbell(&doorbell);
  }

  runtime::Port& port() noexcept { return mailbox.port(0); }

  /// Runs one batch of the store, with everything sent so far.
  void turn_store() {
    mailbox.port(1).drain();
    store.after_batch(mailbox.port(1));
  }
  /// Runs both sides until nothing moves.
  void settle() {
    while (mailbox.port(1).drain() + mailbox.port(0).drain() > 0) store.after_batch(mailbox.port(1));
  }

  /// Starts a task. Its value is in `out` once it has finished.
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
  store::StoreThread store;
  runtime::Nursery nursery;
};

/// Opens a database. Aborts if that fails.
inline store::Database must_open(const std::string& path, const store::DatabaseOptions& options = {}) {
  Result<store::Database> database = store::open_database(path, options);
  LATCHKEY_ASSERT(database.has_value());
  return std::move(*database);
}

}  // namespace latchkey::test
