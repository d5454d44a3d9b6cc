// HashClient: gives a core's jobs to the hash pool. Its coroutines wait in a bounded queue, and HashQueue
// decides the order and which ones are refused. It keeps at most a few jobs at a worker, so that clients take
// turns. As a hook of its core's loop it watches the workers that have its jobs. If a worker starves
// (WorkerWatch), its standby does one of the jobs too, and the first to finish answers (HashRun). Owned by
// the core. Thread: its core's.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "credential/hash_queue.h"
#include "latchkey/base/clock.h"
#include "latchkey/base/counter.h"
#include "latchkey/base/result.h"
#include "latchkey/base/secret.h"
#include "latchkey/credential/hash_pool.h"
#include "latchkey/credential/hash_scheme.h"
#include "latchkey/runtime/loop.h"
#include "latchkey/runtime/mailbox.h"
#include "latchkey/runtime/task.h"

namespace latchkey::credential {

class HashRun;

/// Thread: the client's counts; any reads.
struct alignas(64) HashMetrics {
  std::atomic<std::uint64_t> hashes{0};   ///< jobs done
  std::atomic<std::uint64_t> refused{0};  ///< jobs refused because the queue overflowed
  std::atomic<std::uint64_t> waiting{0};  ///< jobs in the queue now
  std::atomic<std::uint64_t> reliefs{0};  ///< jobs given to a standby, as their worker got no time
  Histogram<kLoginBoundsNs> wait;         ///< from the request until a runner begins
  /// From then until its outcome is home, by scheme_place.
  std::array<Histogram<kLoginBoundsNs>, kMaxSchemes> duration;
};

class HashClient final : public runtime::LoopHook {
 public:
  /// The most jobs of one client at one worker: the one that it hashes, and the next, so that it need not
  /// wait.
  static constexpr std::size_t kMaxAtWorker = 2;

  /// The most refused jobs that are answered in one pass of the loop, so that no check waits for many of
  /// them.
  static constexpr std::size_t kRefusalsPerPass = 4;

  /// `max_waiting`: jobs in the queue, in addition to those at the workers.
  /// Lifetime: `port` and `pool` outlive the client.
  HashClient(runtime::Port& port, HashPool& pool, std::size_t max_waiting);
  /// Requires: no job is waiting or in hand.
  ~HashClient() override;
  HashClient(const HashClient&) = delete;
  HashClient& operator=(const HashClient&) = delete;

  /// Runs verify_password on a worker. If `began` is given, it is set to the time when the runner that
  /// finished first began. Errors: kOverloaded if the queue has overflowed. Lifetime: `began` outlives the
  /// wait.
  runtime::Task<Result<bool>> verify(SecretText password, std::string stored_hash, BootTime* began = nullptr);

  /// Runs make_hash on a worker, with the pool's settings.
  /// Errors: kOverloaded if the queue has overflowed.
  runtime::Task<Result<std::string>> make(SecretText password);

  /// Measures on a worker how long a hash that was not made here takes, before a user gets it.
  /// Errors: those of check_stored_hash (kInvalid); kUnavailable if this machine lacks the memory to verify
  /// it; kOverloaded if the queue has overflowed. Lifetime: `clock` outlives the client.
  runtime::Task<Result<void>> measure(std::string stored_hash, const Clock& clock);
  /// The step (RefusalStep) that there would be with such a hash, which it does not get.
  /// Errors: as `measure`.
  runtime::Task<Result<std::int64_t>> step_for(std::string stored_hash, const Clock& clock);

  /// Answers refused jobs, and relieves workers that got no CPU time. A client that is no hook of a loop
  /// relieves nobody, and answers the refused jobs when the next job comes home.
  std::int64_t pass(BootTime now) noexcept override;

  /// The jobs at workers and standbys, including those that another runner has answered. The client must
  /// live, and its port must be drained, until there is none.
  std::size_t in_hand() const noexcept;

  /// As in the constructor, for the jobs that come from now on.
  void set_max_waiting(std::size_t max_waiting) noexcept { queue_.set_max_waiting(max_waiting); }

  const HashPool& pool() const noexcept { return pool_; }
  const HashMetrics& metrics() const noexcept { return metrics_; }

 private:
  /// How long a verification of this hash takes on a worker, in milliseconds.
  runtime::Task<Result<std::int64_t>> time(std::string stored_hash, const Clock& clock);

  using Job = std::shared_ptr<HashRun>;
  class Waiting;  ///< what a coroutine awaits until its job is settled or refused
  class Attempt;  ///< a job on its way to one runner and back
  struct InHand;  ///< what this client has at one worker and at its standby

  [[nodiscard]] bool submit(const Job& job) noexcept;
  std::optional<std::size_t> free_worker() const noexcept;
  void start_next() noexcept;
  Job take_next() noexcept;
  void start(Job job, std::size_t worker) noexcept;
  void send(Attempt& attempt, runtime::PortId to) noexcept;
  void come_home(const Attempt& attempt) noexcept;
  void note_times(const HashRun& run) noexcept;
  std::unique_ptr<Attempt> take_home(const Attempt& attempt) noexcept;
  void answer_refused(std::size_t most) noexcept;
  void relieve_where_needed(BootTime now) noexcept;
  void relieve(std::size_t worker) noexcept;

  runtime::Port& port_;
  HashPool& pool_;
  HashQueue<Job> queue_;
  std::vector<InHand> in_hand_;             ///< by worker
  std::int64_t look_ms_ = runtime::kNever;  ///< when to look at the workers again
  HashMetrics metrics_;
};

}  // namespace latchkey::credential
