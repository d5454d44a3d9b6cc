// HashPool: what the hash workers and their standbys share; it is their runtime::WorkerHooks. HashClient: a
// core's way to them. The core's coroutines wait in the client's own bounded queue, in their order until it
// overflows; then the one that has waited longest is refused, and the newest go first until the queue has run
// empty: whoever is served in a storm of logins is served at once, and so is who comes right after it. At
// most a few jobs of a client are at a worker, so that clients take turns. Workers run only where the cores
// leave time (SCHED_IDLE); a client, as a hook of its core's loop, sees that one gets none and has a standby,
// which the cores do not hold back, do one of its jobs too: who is done first answers. The pool is made at
// start and never changes, but for its refusal step and its workers' progress; a client is of its core thread
// alone.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "latchkey/base/clock.h"
#include "latchkey/base/random.h"
#include "latchkey/base/result.h"
#include "latchkey/base/secret.h"
#include "latchkey/credential/hash_scheme.h"
#include "latchkey/credential/refusal_step.h"
#include "latchkey/runtime/loop.h"
#include "latchkey/runtime/mailbox.h"
#include "latchkey/runtime/task.h"
#include "latchkey/runtime/worker.h"

namespace latchkey::credential {

class HashPool final : public runtime::WorkerHooks {
 public:
  /// Workers that share a standby, so that it has little to do but where checks fill every core.
  static constexpr std::size_t kWorkersOfAStandby = 4;
  static constexpr std::size_t standbys_for(std::size_t workers) noexcept {
    return (workers + kWorkersOfAStandby - 1) / kWorkersOfAStandby;
  }

  /// `workers`: the ports whose threads hash, at least one. `standbys`: `standbys_for` as many ports, or
  /// none: then no job is done but where the cores leave time. Makes the dummy hash and measures it by
  /// `clock`, so it takes as long as one hash. `clock` outlives the pool. Errors: kInvalid by
  /// check_hash_settings; kUnavailable.
  static Result<std::unique_ptr<HashPool>> create(const HashSettings& settings,
                                                  std::vector<runtime::PortId> workers,
                                                  const std::vector<runtime::PortId>& standbys,
                                                  Random& random, const Clock& clock);

  const HashSettings& settings() const noexcept { return settings_; }
  const std::vector<runtime::PortId>& workers() const noexcept { return workers_; }

  /// The hash of a password that nobody knows, by the current settings: verified for a user that does not
  /// exist, so that the answer takes the same time (C-14).
  const std::string& dummy_hash() const noexcept { return dummy_hash_; }

  /// The step of time in which refused logins are answered (C-14). It covers a hash by the current settings
  /// from the start; the server has it cover the kinds that stand in the directory, and whoever adds a hash
  /// of another kind has it measured first (HashClient::measure).
  RefusalStep& refusal_step() noexcept { return refusal_step_; }
  const RefusalStep& refusal_step() const noexcept { return refusal_step_; }

  /// On the thread of a worker, which becomes one of SCHED_IDLE, so that a storm of logins leaves the cores'
  /// checks alone; or of a standby, which stays an equal of the cores (SCHED_BATCH, as background_thread has
  /// it).
  void started(runtime::Port& port) noexcept override;

  const Clock& clock() const noexcept { return clock_; }

  /// The standby of this worker, if it has one and it does nothing: it is the caller's until `note_done`. Any
  /// thread.
  std::optional<runtime::PortId> engage_standby_of(std::size_t worker) noexcept;

  /// After each job of the worker, on its thread or on its standby's.
  void note_done(std::size_t worker, bool at_standby) noexcept;

  /// The CPU time that the worker's thread has had; none before it has started. Any thread; one system call.
  std::chrono::nanoseconds cpu_time_of(std::size_t worker) const noexcept;

  /// When the worker has last done a job (boot time, ms), and when its standby has last done one for it; 0
  /// before the first. Any thread.
  std::int64_t last_done_ms(std::size_t worker) const noexcept {
    return progress_[worker].done_ms.load(std::memory_order_relaxed);
  }
  std::int64_t last_relief_ms(std::size_t worker) const noexcept {
    return progress_[worker].relief_ms.load(std::memory_order_relaxed);
  }

 private:
  /// No clock of a thread: those are negative.
  static constexpr clockid_t kNoClock = 0;

  struct alignas(runtime::kCacheLineBytes) Progress {
    std::atomic<std::int64_t> done_ms{0};
    std::atomic<std::int64_t> relief_ms{0};
    std::atomic<clockid_t> cpu_clock{kNoClock};
  };
  struct alignas(runtime::kCacheLineBytes) Standby {
    runtime::PortId port = 0;
    std::atomic<bool> engaged{false};
  };

  HashPool(const HashSettings& settings, std::vector<runtime::PortId> workers,
           const std::vector<runtime::PortId>& standbys, std::string dummy_hash, const Clock& clock);

  const HashSettings settings_;
  const std::vector<runtime::PortId> workers_;
  const std::string dummy_hash_;
  const Clock& clock_;
  RefusalStep refusal_step_;
  std::vector<Progress> progress_;  ///< of each worker
  std::vector<Standby> standbys_;
};

/// Any thread may read them. Tests do; nothing in the server does.
struct HashMetrics {
  std::atomic<std::uint64_t> hashes{0};   ///< jobs done
  std::atomic<std::uint64_t> refused{0};  ///< jobs refused because the queue overflowed
  std::atomic<std::uint64_t> waiting{0};  ///< jobs in the queue now
  std::atomic<std::uint64_t> reliefs{0};  ///< jobs given to a standby, as their worker got no time
};

class HashClient final : public runtime::LoopHook {
 public:
  /// Jobs of one client at one worker, at most: one that it hashes, and one so that it need not wait for the
  /// next.
  static constexpr std::size_t kMaxAtWorker = 2;

  /// A worker that has work, and in this many refusal steps (each about two hashes) has done no job and had
  /// less than `kLeastShare` of a CPU, starves: it is relieved of a job every `kAgainSteps`. Where checks
  /// fill the core, that leaves logins some sixth of it. One that is only slow is not relieved: a standby
  /// would have checks wait that the cores have the time for.
  static constexpr std::int64_t kPatienceSteps = 4;
  static constexpr std::int64_t kAgainSteps = 1;
  static constexpr int kLeastShare = 20;  ///< one part in so many

  /// Refused jobs that are answered in one pass of the loop, so that no check waits for many of them.
  static constexpr std::size_t kRefusalsAPass = 4;

  /// Of the jobs that are taken from a queue that has overflowed, one in so many is the oldest.
  static constexpr std::size_t kOldestOnceIn = 4;

  /// `max_waiting`: jobs in the queue beside those at the workers. `port` and `pool` outlive the client.
  HashClient(runtime::Port& port, HashPool& pool, std::size_t max_waiting);
  /// No job may be waiting, nor in hand.
  ~HashClient() override;
  HashClient(const HashClient&) = delete;
  HashClient& operator=(const HashClient&) = delete;

  /// verify_password on a worker. kOverloaded where the queue has overflowed. `began`, which outlives the
  /// wait, is set to the time when the one that was done first took it up.
  runtime::Task<Result<bool>> verify(SecretText password, std::string stored_hash, BootTime* began = nullptr);

  /// make_hash on a worker, by the pool's settings. kOverloaded where the queue has overflowed.
  runtime::Task<Result<std::string>> make(SecretText password);

  /// RefusalStep::measure on a worker, before a user gets a hash that was not made here. `clock` outlives the
  /// client. Errors: kInvalid, by check_stored_hash; kUnavailable, this machine has not the memory to verify
  /// it; kOverloaded where the queue has overflowed.
  runtime::Task<Result<void>> measure(std::string stored_hash, const Clock& clock);

  /// Answers those refused, and relieves workers that got no time. Without it (a client that no loop has as
  /// its hook) none is relieved, and the refused are answered when the next job comes home.
  std::int64_t pass(BootTime now) noexcept override;

  /// Jobs at workers and standbys, those included that have been answered by another: the client has to live
  /// and its port to be drained until there is none.
  std::size_t in_hand() const noexcept;

  const HashPool& pool() const noexcept { return pool_; }
  const HashMetrics& metrics() const noexcept { return metrics_; }

 private:
  class Attempt;
  /// What a coroutine waits for; lives in its frame.
  class Job {
   public:
    explicit Job(HashClient& client) noexcept : client_(client) {}
    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;

    bool await_ready() const noexcept { return false; }
    /// False, and the waiter goes on, when nobody can be refused in its place.
    bool await_suspend(std::coroutine_handle<> waiter) noexcept;

   protected:
    ~Job() = default;

   private:
    friend class HashClient;
    /// One more run of it, at this worker or, for it, at its standby.
    virtual std::unique_ptr<Attempt> attempt(HashClient& client, std::size_t worker, bool at_standby) = 0;

    HashClient& client_;
    std::coroutine_handle<> waiter_;
    Job* before_ = nullptr;
    Job* next_ = nullptr;
  };
  template <class F>
  class AttemptOf;
  template <class F>
  class JobOf;

  /// What this client has at one worker and, of that worker's, at the standby.
  struct Place {
    std::vector<std::unique_ptr<Attempt>> at_worker;  ///< in their order, at most kMaxAtWorker
    std::unique_ptr<Attempt> at_standby;
    bool starves = false;        ///< as it was last looked at
    std::int64_t looked_ms = 0;  ///< when that was, or when a worker without a job of this client got one
    std::chrono::nanoseconds cpu_time{0};  ///< of the worker, then
  };

  [[nodiscard]] bool submit(Job& job) noexcept;
  void send(Job& job, std::size_t worker) noexcept;
  void send(Attempt& attempt, runtime::PortId to) noexcept;
  void relieve_where_needed(BootTime now) noexcept;
  void look_at(std::size_t worker, BootTime now) noexcept;
  void relieve(std::size_t worker) noexcept;
  std::unique_ptr<Attempt> take_home(const Attempt& attempt) noexcept;
  void forget(const Job& job) noexcept;
  void start_next() noexcept;
  Job& take_next() noexcept;
  bool refuse_oldest() noexcept;
  void answer_refused(std::size_t most) noexcept;
  Job& unlink(Job& job) noexcept;
  /// The worker with the fewest of this client's jobs; true if it may have one more.
  bool find_worker(std::size_t& worker) const noexcept;

  runtime::Port& port_;
  HashPool& pool_;
  const std::size_t max_waiting_;
  std::vector<Place> places_;               ///< by worker
  std::int64_t look_ms_ = runtime::kNever;  ///< when to look at the workers again
  Job* first_ = nullptr;                    ///< the queue, through the jobs themselves
  Job* last_ = nullptr;
  std::size_t waiting_ = 0;
  bool overflowed_ = false;  ///< and has not run empty since
  std::size_t taken_ = 0;    ///< from the queue since it overflowed
  Job* refused_ = nullptr;   ///< for newer ones, and not answered yet; newest first
  std::size_t refused_count_ = 0;
  HashMetrics metrics_;
};

}  // namespace latchkey::credential
