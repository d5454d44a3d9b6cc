#include "offline.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <utility>

#include "latchkey/base/assert.h"
#include "latchkey/base/clock.h"
#include "latchkey/base/log.h"
#include "latchkey/base/random.h"
#include "latchkey/credential/hash_client.h"
#include "latchkey/credential/hash_pool.h"
#include "latchkey/credential/sqlite_directory.h"
#include "latchkey/runtime/await.h"
#include "latchkey/runtime/mailbox.h"
#include "latchkey/runtime/nursery.h"
#include "latchkey/store/schema.h"
#include "latchkey/store/session_table.h"
#include "latchkey/store/soundness.h"
#include "latchkey/store/sqlite_store.h"
#include "latchkey/store/store_thread.h"
#include "latchkey/store/transact.h"

namespace latchkey::command {

namespace {

constexpr runtime::PortId kOnlyPort = 0;
/// One request is in progress at a time. It waits for one message at a time, or for as many as users' tokens
/// are ended at once.
constexpr std::size_t kMessages = 64;

/// No thread sleeps that would have to be woken.
class NoDoorbell final : public runtime::Doorbell {
 public:
  void wake(runtime::PortId) noexcept override {}
};

/// If no server runs, a user's tokens exist only in the database.
class DatabaseEnder final : public api::UserSessions {
 public:
  DatabaseEnder(runtime::Port& port, store::StoreThread& store, const Clock& clock) noexcept
      : port_(port), store_(store), clock_(clock) {}

  runtime::Task<Result<std::size_t>> end_all(std::int64_t user_id, store::Death reason) override {
    LATCHKEY_CO_RETURN(
        store::transact(port_, store_, [user_id, reason, now = clock_.wall()](store::Database& database) {
          return store::bury_all_of(database, {.user_id = user_id, .reason = reason, .at = now});
        }));
  }
  /// The next start reads profiles from the database.
  runtime::Task<Result<bool>> set_profile(std::int64_t, token::ProfileParts) override { co_return true; }

 private:
  runtime::Port& port_;
  store::StoreThread& store_;
  const Clock& clock_;
};

class Offline final : public Backend {
 public:
  Offline(store::DataDirectory directory, store::Database database,
          std::unique_ptr<credential::HashPool> pool, std::chrono::milliseconds token_timeout)
      : directory_(std::move(directory)),
        store_(std::move(database), port_, clock_, log_,
               [this](const Error&) { store::distrust_database(directory_); }),
        pool_(std::move(pool)),
        token_timeout_(token_timeout) {
    port_.set_doorbell(&doorbell_);
  }

  Result<api::AdminReply> act(api::AdminRequest request) override {
    std::optional<api::AdminReply> reply;
    request.staged = &staged_;
    request.backup = &backup_;
    runtime::Nursery nursery;
    nursery.spawn(keep(admin_.handle(std::move(request)), reply));
    // Each pass runs what was sent and brings back what is done, so the request always makes progress.
    while (!reply) {
      port_.drain();
      store_.after_batch(port_);
    }
    LATCHKEY_ASSERT(nursery.running() == 0);
    return std::move(*reply);
  }
  std::string place() const override { return fmt::format("in {}", whole_path(directory_.path())); }

 private:
  static runtime::Task<void> keep(runtime::Task<api::AdminReply> task,
                                  std::optional<api::AdminReply>& reply) {
    reply.emplace(co_await task);
  }

  store::DataDirectory directory_;
  SystemClock clock_;
  NoLog log_;
  NoDoorbell doorbell_;
  runtime::Mailbox mailbox_{1, kMessages};
  runtime::Port& port_ = mailbox_.port(kOnlyPort);
  store::StoreThread store_;
  std::unique_ptr<credential::HashPool> pool_;
  std::chrono::milliseconds token_timeout_;
  credential::HashClient hasher_{port_, *pool_, 0};
  credential::SqliteDirectory users_{port_, store_};
  store::SqliteStore sessions_{port_, store_};
  DatabaseEnder ender_{port_, store_, clock_};
  api::StagedImport staged_;
  api::BackupUnderWay backup_;
  api::Admin admin_{{users_, hasher_, sessions_, ender_, clock_, log_, token_timeout_}};
};

}  // namespace

Result<std::unique_ptr<Backend>> open_offline(store::DataDirectory directory) {
  LATCHKEY_TRY(store::Database database,
               store::open_database(directory.database_path().string(),
                                    {.may_create = directory.may_create_database()}));
  LATCHKEY_TRY(directory.sync());
  LATCHKEY_TRY(const std::optional<std::int64_t> timeout_ms, store::recorded_token_timeout_ms(database));
  SystemRandom random;
  static const SystemClock clock;  // outlives the pool
  LATCHKEY_TRY(std::unique_ptr<credential::HashPool> pool,
               credential::HashPool::create(credential::HashSettings{}, {kOnlyPort}, {}, random, clock));
  return std::make_unique<Offline>(std::move(directory), std::move(database), std::move(pool),
                                   std::chrono::milliseconds(timeout_ms.value_or(0)));
}

}  // namespace latchkey::command
