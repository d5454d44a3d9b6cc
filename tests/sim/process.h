// Process: one run of the server, from its start to its crash or stop, on one thread. It has the cores, the
// store's thread and a worker that takes as long over a password as the scheduler chooses. It runs, step by
// step, what the real threads run. Only rings, sockets and threads are missing.
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

/// The job of a hash worker without the work. It ends when the scheduler says so.
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
  /// `clock` is the machine's.
  /// Lifetime: everything here outlives the process.
  struct Parts {
    const Plan& plan;
    const std::string& path;
    ManualClock& clock;
    const token::Keyring& keyring;
    Model& model;
    const Disk& disk;
    std::uint64_t seed;  ///< of this process's random choices
  };

  /// The disk stopped in the middle of a start: the process is gone.
  struct CutOff {};

  /// Opens the database, tells the model what is in it, and loads it. Throws CutOff.
  explicit Process(const Parts& parts);
  /// Requires: nothing runs on a core any more.
  ~Process() = default;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  std::uint32_t cores() const noexcept { return static_cast<std::uint32_t>(cores_.size()); }
  std::int64_t now() const noexcept { return rig_.table_clock.now().ms; }

  // --- A core's pass, in three parts, so that others can come between.

  bool is_active(std::uint32_t core) const noexcept { return cores_[core]->active; }
  /// `spurious`: something else woke the core, which looks for messages too.
  void begin_pass(std::uint32_t core, bool spurious);
  void end_pass(std::uint32_t core);
  /// Whether the core has a reason to wake.
  bool has_reason(std::uint32_t core) const;
  /// Checks a token on an active core, and looks at what earlier checks of this pass have lent. `name` is the
  /// user's.
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

  /// Whether an fsync failed. The real process has ended itself by then.
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
  /// Requests under way on all cores, with the tasks that they have on other cores.
  std::size_t running();
  /// Per shard. A crash may give back more tokens than the plan allows: an operator would then raise the
  /// setting.
  std::size_t max_tokens() const noexcept { return max_tokens_; }
  /// How the last process ended, as found at the start.
  bool was_clean() const noexcept { return was_clean_; }
  /// The token of a session's row.
  token::Token token_of(const store::Session& session) const noexcept {
    return {parts_.keyring.tag_of(session.user_id), parts_.keyring.sign(session.key_number, session.id)};
  }

  /// Ends the run, the counterpart of the start.
  /// Requires: all shards were stopped.
  void end_run();

 private:
  struct Lent {
    runtime::Borrowed<token::UserView> user;
    std::string name;
    std::string email;
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
  /// The value of a result that only a bug here, or a stopped disk, makes an error.
  template <class T>
  T started(Result<T> result) const;
  void make_shards();
  void load(store::Database& database);
  void load_profiles(store::Database& database);
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
