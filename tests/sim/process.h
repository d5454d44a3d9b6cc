// Process: one run of the server, from its start to its crash or stop, on one thread: its cores, its store's
// thread and a worker that takes as long over a password as the scheduler likes. What the real threads run is
// run here by the step; only rings, sockets and threads are not there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bells.h"
#include "dice.h"
#include "disk.h"
#include "latchkey/api/sessions.h"
#include "latchkey/base/clock.h"
#include "latchkey/base/log.h"
#include "latchkey/credential/sqlite_directory.h"
#include "latchkey/runtime/mailbox.h"
#include "latchkey/runtime/nursery.h"
#include "latchkey/runtime/quiescence.h"
#include "latchkey/store/schema.h"
#include "latchkey/store/sqlite_store.h"
#include "latchkey/store/store_thread.h"
#include "latchkey/token/binding.h"
#include "latchkey/token/keyring.h"
#include "latchkey/token/shard.h"
#include "latchkey/token/table_time.h"
#include "model.h"
#include "plan.h"
#include "support/shard_rig.h"
#include "watched_store.h"

namespace latchkey::sim {

/// The work of a hash worker, without the work: it ends when the scheduler says so.
class HashJob final : public runtime::Errand<Result<void>> {
 public:
  HashJob(runtime::Port& from, runtime::PortId to, std::vector<HashJob*>& waiting) noexcept
      : Errand(from, to), waiting_(waiting) {}

  void work(runtime::Port&) noexcept override {
    set_outcome({});
    waiting_.push_back(this);
  }

 private:
  std::vector<HashJob*>& waiting_;
};

class Process {
 public:
  /// What it is given outlives it. `clock` is the machine's.
  struct Parts {
    const Plan& plan;
    const std::string& path;
    ManualClock& clock;
    const token::Keyring& keyring;
    Model& model;
    const Disk& disk;
    std::uint64_t seed;  ///< of what this process takes from chance
  };

  /// The disk has stopped in the middle of a start: the process is gone.
  struct CutOff {};

  /// Starts: opens the database, tells the model what is in it, and loads it. Throws CutOff.
  explicit Process(const Parts& parts);
  /// Nothing runs on a core any more.
  ~Process() = default;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  std::uint32_t cores() const noexcept { return static_cast<std::uint32_t>(cores_.size()); }
  std::int64_t now() const noexcept { return rig_.table_clock.now().ms; }

  // --- A core's pass, in three parts that others may come between.

  bool is_active(std::uint32_t core) const noexcept { return cores_[core]->active; }
  /// `spurious`: something else woke it, and it looks for messages too.
  void begin_pass(std::uint32_t core, bool spurious);
  void end_pass(std::uint32_t core);
  /// Whether something wakes this core.
  bool has_reason(std::uint32_t core) const;
  /// Asks for a token on an active core, and looks at what earlier checks of this pass have lent. `name` is
  /// the user's.
  token::Outcome check(std::uint32_t core, const token::Token& token, const store::BindingHash& binding,
                       const std::string& name);
  std::int64_t pass_time(std::uint32_t core) const noexcept;

  // --- The other threads.

  Bells& bells() noexcept { return bells_; }
  bool store_has_reason() const { return bells_.wakes(store_port()); }
  void store_pass();
  std::size_t hashes_waiting() const noexcept { return hashes_.size(); }
  void finish_hash(std::size_t number);
  bool hash_worker_has_reason() const { return bells_.wakes(hash_port()); }
  void hash_worker_pass();

  /// Where an fsync failed: the real process has ended itself by now.
  bool has_failed() const noexcept { return failed_; }

  // --- What runs on a core.

  runtime::Nursery& nursery(std::uint32_t core) noexcept { return cores_[core]->clients; }
  api::Sessions& sessions(std::uint32_t core) noexcept { return *cores_[core]->sessions; }
  credential::SqliteDirectory& directory(std::uint32_t core) noexcept { return *cores_[core]->directory; }
  store::Store& store(std::uint32_t core) noexcept { return *cores_[core]->inner; }
  runtime::Port& port(std::uint32_t core) noexcept { return mailbox_.port(core); }
  HashJob hash(std::uint32_t core) noexcept { return {port(core), hash_port(), hashes_}; }
  token::Shard& shard(std::uint32_t core) noexcept { return *cores_[core]->shard; }
  const runtime::Quiescence& quiescence() const noexcept { return rig_.quiescence; }
  /// Requests under way on all cores, and what they have other cores do.
  std::size_t running();
  /// Of each shard. A crash may give back more than the plan allows: then whoever runs the server raises the
  /// setting.
  std::size_t max_tokens() const noexcept { return max_tokens_; }
  /// How the last process ended, as the start found it.
  bool was_clean() const noexcept { return was_clean_; }
  /// The token of a session's row.
  token::Token token_of(const store::Session& session) const noexcept {
    return {parts_.keyring.tag_of(session.user_id), parts_.keyring.sign(session.key_number, session.id)};
  }

  /// After all shards were stopped: the counterpart of the start.
  void end_run();

 private:
  struct Lent {
    runtime::Borrowed<token::UserView> user;
    std::string name;
  };
  struct Core {
    Core(std::uint32_t number, const token::Keyring& keyring, Model& model)
        : watched(keyring, model), login_check(number, model) {}
    WatchedStore watched;
    WatchedLoginCheck login_check;
    std::optional<store::SqliteStore> inner;
    std::optional<credential::SqliteDirectory> directory;
    std::unique_ptr<token::Shard> shard;
    std::unique_ptr<api::Sessions> sessions;
    runtime::Nursery clients;
    bool active = false;
    BootTime pass;
    std::vector<Lent> lent;
  };

  runtime::PortId store_port() const noexcept { return parts_.plan.cores; }
  runtime::PortId hash_port() const noexcept { return parts_.plan.cores + 1; }
  /// What can fail only by a bug here, or where the disk has stopped.
  template <class T>
  T started(Result<T> result) const;
  void make_shards();
  void load(store::Database& database);
  void read_created(store::Database& database, std::vector<store::Session>& rows) const;
  void look_at_lent(const Core& core) const;

  const Parts parts_;
  NoLog log_;
  SeededRandom random_;
  runtime::Mailbox mailbox_;
  Bells bells_;
  test::ShardRig rig_;
  token::Binder binder_;
  api::ApiSettings settings_;
  std::unique_ptr<store::StoreThread> store_;
  std::vector<std::unique_ptr<Core>> cores_;
  std::vector<token::Shard*> shards_;
  std::optional<api::SessionsContext> context_;
  std::vector<HashJob*> hashes_;
  bool failed_ = false;
  bool was_clean_ = false;
  std::size_t max_tokens_;
};

}  // namespace latchkey::sim
