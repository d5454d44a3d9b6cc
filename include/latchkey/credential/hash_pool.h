// HashPool: what the hash workers share; it is their runtime::WorkerHooks. HashClient: a core's way to them.
// The core's coroutines wait in the client's own bounded queue, in their order until it overflows; then the
// one that has waited longest is refused, and the newest go first until the queue has run empty: whoever is
// served in a storm of logins is served at once, and so is who comes right after it. At most a few jobs of a
// client are at a worker, so that clients take turns. Workers run only where the cores leave time
// (SCHED_IDLE); a client, as a hook of its core's loop, lifts a worker that gets none, for one job. The pool
// is made at start and never changes, but for its refusal step and its workers' progress; a client is of its
// core thread alone.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
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
  /// `workers`: the ports whose threads hash, at least one. Makes the dummy hash and measures it by `clock`,
  /// so it takes as long as one hash. `clock` outlives the pool. Errors: kInvalid by check_hash_settings;
  /// kUnavailable.
  static Result<std::unique_ptr<HashPool>> create(const HashSettings& settings,
                                                  std::vector<runtime::PortId> workers, Random& random,
                                                  const Clock& clock);

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

  /// Lowers the worker's priority, so that a storm of logins leaves the cores' checks alone.
  void started(runtime::Port& port) noexcept override;

  const Clock& clock() const noexcept { return clock_; }

  /// True where this process may raise a thread from SCHED_IDLE again (RLIMIT_NICE of 20).
  /// Where it may not, workers run by SCHED_BATCH at a low priority all the time, and none is lifted.
  bool may_lift() const noexcept { return may_lift_; }

  /// Lets the worker compete with the cores as an equal until it has done a job. Any thread; one system
  /// call, that does not block.
  void lift(std::size_t worker) noexcept;

  /// On the worker's thread, after each job: the worker is lowered again where it was lifted.
  void note_done(std::size_t worker) noexcept;

  /// When the worker has last done a job (boot time, ms); 0 before the first. Any thread.
  std::int64_t last_done_ms(std::size_t worker) const noexcept {
    return progress_[worker].done_ms.load(std::memory_order_relaxed);
  }

 private:
  struct alignas(runtime::kCacheLineBytes) Progress {
    std::atomic<pid_t> thread{0};  ///< 0 until the worker has started
    std::atomic<std::int64_t> done_ms{0};
    std::atomic<bool> lifted{false};
  };

  static bool test_lifting() noexcept;

  HashPool(const HashSettings& settings, std::vector<runtime::PortId> workers, std::string dummy_hash,
           const Clock& clock)
      : settings_(settings),
        workers_(std::move(workers)),
        dummy_hash_(std::move(dummy_hash)),
        clock_(clock),
        progress_(workers_.size()) {}

  const HashSettings settings_;
  const std::vector<runtime::PortId> workers_;
  const std::string dummy_hash_;
  const Clock& clock_;
  const bool may_lift_ = test_lifting();
  RefusalStep refusal_step_;
  std::vector<Progress> progress_;  ///< of each worker
};

/// Read by any thread, for the metrics page.
struct HashMetrics {
  std::atomic<std::uint64_t> hashes{0};   ///< jobs that a worker has done
  std::atomic<std::uint64_t> refused{0};  ///< jobs refused because the queue overflowed
  std::atomic<std::uint64_t> waiting{0};  ///< jobs in the queue now
  std::atomic<std::uint64_t> lifts{0};    ///< times that a worker got no time and was lifted
};

class HashClient final : public runtime::LoopHook {
 public:
  /// Jobs of one client at one worker, at most: one that it hashes, and one so that it need not wait for the
  /// next.
  static constexpr std::size_t kMaxAtWorker = 2;

  /// A worker that has work and has done none for this many refusal steps (each about two hashes) is lifted:
  /// where checks fill the core, that leaves logins some twelfth of it.
  static constexpr std::int64_t kPatienceSteps = 4;
  /// The same where a job has waited for `kLongWaitMs` in the queue, so that its client does not give up. In
  /// a storm every job waits: sooner, and the storm would have the cores that checks leave half idle.
  static constexpr std::int64_t kShortPatienceSteps = 2;
  static constexpr std::int64_t kLongWaitMs = 4000;

  /// Of the jobs that are taken from a queue that has overflowed, one in so many is the oldest.
  static constexpr std::size_t kOldestOnceIn = 4;

  /// `max_waiting`: jobs in the queue beside those at the workers. `port` and `pool` outlive the client.
  HashClient(runtime::Port& port, HashPool& pool, std::size_t max_waiting);
  /// No job may be waiting.
  ~HashClient() override;
  HashClient(const HashClient&) = delete;
  HashClient& operator=(const HashClient&) = delete;

  /// verify_password on a worker. kOverloaded where the queue has overflowed. `began`, which outlives the
  /// wait, is set to the time when the worker took it up.
  runtime::Task<Result<bool>> verify(SecretText password, std::string stored_hash, BootTime* began = nullptr);

  /// make_hash on a worker, by the pool's settings. kOverloaded where the queue has overflowed.
  runtime::Task<Result<std::string>> make(SecretText password);

  /// RefusalStep::measure on a worker, before a user gets a hash that was not made here. `clock` outlives the
  /// wait. Errors: kInvalid, by check_stored_hash; kUnavailable, this machine has not the memory to verify
  /// it; kOverloaded where the queue has overflowed.
  runtime::Task<Result<void>> measure(std::string stored_hash, const Clock& clock);

  /// Lifts workers that got no time. Without it (a client that no loop has as its hook) none is lifted.
  std::int64_t pass(BootTime now) noexcept override;

  const HashPool& pool() const noexcept { return pool_; }
  const HashMetrics& metrics() const noexcept { return metrics_; }

 private:
  /// Lives in the frame that waits for it.
  class Job : public runtime::Message {
   public:
    explicit Job(HashClient& client) noexcept : client_(client) {}

    /// On the worker's thread.
    virtual void hash() noexcept = 0;

    bool await_ready() const noexcept { return false; }
    /// False, and the waiter goes on, when nobody can be refused in its place.
    bool await_suspend(std::coroutine_handle<> waiter) noexcept;
    void work(runtime::Port& there) noexcept final;
    void done() noexcept final;

   protected:
    ~Job() = default;

   private:
    friend class HashClient;
    HashClient& client_;
    std::coroutine_handle<> waiter_;
    Job* before_ = nullptr;
    Job* next_ = nullptr;
    std::size_t worker_ = 0;
    std::int64_t submitted_ms_ = 0;
  };
  template <class F>
  class JobOf;

  [[nodiscard]] bool submit(Job& job) noexcept;
  void send(Job& job, std::size_t worker) noexcept;
  void start_next() noexcept;
  bool refuse_oldest() noexcept;
  void answer_refused() noexcept;
  Job& unlink(Job& job) noexcept;
  /// The worker with the fewest of this client's jobs; true if it may have one more.
  bool find_worker(std::size_t& worker) const noexcept;

  runtime::Port& port_;
  HashPool& pool_;
  const std::size_t max_waiting_;
  std::vector<std::size_t> at_worker_;      ///< this client's jobs at each of the pool's workers
  std::vector<std::int64_t> busy_since_;    ///< when a worker without a job of this client last got one
  std::int64_t look_ms_ = runtime::kNever;  ///< when to look at the workers again
  Job* first_ = nullptr;                    ///< the queue, through the jobs themselves
  Job* last_ = nullptr;
  std::size_t waiting_ = 0;
  bool overflowed_ = false;  ///< and has not run empty since
  std::size_t taken_ = 0;    ///< from the queue since it overflowed
  Job* refused_ = nullptr;   ///< for the newest; they go on when the next job has come home
  std::size_t refused_count_ = 0;
  HashMetrics metrics_;
};

}  // namespace latchkey::credential
