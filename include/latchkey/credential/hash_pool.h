// HashPool: what the clients, the hash workers and their standbys share: the settings, the dummy hash, the
// refusal step and each worker's progress. It is also the workers' runtime::WorkerHooks. Workers run only
// when the cores leave time (SCHED_IDLE). A client whose worker starves borrows a standby, which the cores
// do not hold back. The server makes the pool at start and owns it. Only the refusal step and the progress
// change.
// Thread: any, unless noted.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "credential/refusal_step.h"
#include "latchkey/base/clock.h"
#include "latchkey/base/random.h"
#include "latchkey/base/result.h"
#include "latchkey/credential/hash_scheme.h"
#include "latchkey/runtime/mailbox.h"
#include "latchkey/runtime/worker.h"

namespace latchkey::credential {

class HashPool final : public runtime::WorkerHooks {
 public:
  /// How many workers share a standby. It has little to do unless checks fill every core.
  static constexpr std::size_t kWorkersPerStandby = 4;
  static constexpr std::size_t standbys_for(std::size_t workers) noexcept {
    return (workers + kWorkersPerStandby - 1) / kWorkersPerStandby;
  }

  /// `workers` are the ports of the threads that hash, at least one. `standbys` has `standbys_for` as many
  /// ports, or none: then hashing gets only the time that the cores leave. Makes the dummy hash and measures
  /// it by `clock`, which takes as long as one hash.
  /// Lifetime: `clock` outlives the pool.
  /// Errors: kInvalid by check_hash_settings; kUnavailable.
  static Result<std::unique_ptr<HashPool>> create(const HashSettings& settings,
                                                  std::vector<runtime::PortId> workers,
                                                  const std::vector<runtime::PortId>& standbys,
                                                  Random& random, const Clock& clock);

  const HashSettings& settings() const noexcept { return settings_; }
  const std::vector<runtime::PortId>& workers() const noexcept { return workers_; }

  /// The hash, by the current settings, of a password that nobody knows. It is verified in place of the hash
  /// of a user that does not exist, so that the answer takes the same time (C-14).
  const std::string& dummy_hash() const noexcept { return dummy_hash_; }

  /// The step at whose end refused logins are answered (C-14). From the start it covers a hash by the current
  /// settings. The server extends it to the kinds that are in the directory. Whoever adds a hash of another
  /// kind must have it measured first (HashClient::measure).
  RefusalStep& refusal_step() noexcept { return refusal_step_; }
  const RefusalStep& refusal_step() const noexcept { return refusal_step_; }

  /// Sets the scheduling of a worker or standby. A worker becomes SCHED_IDLE, so that a storm of logins
  /// leaves the cores' checks alone. A standby stays an equal of the cores (SCHED_BATCH, set by
  /// background_thread).
  /// Thread: the worker's or standby's own.
  void started(runtime::Port& port) noexcept override;

  const Clock& clock() const noexcept { return clock_; }

  /// The worker's standby, if it has one that is free. It belongs to the caller until `note_relief`.
  std::optional<runtime::PortId> engage_standby_of(std::size_t worker) noexcept;

  /// Notes that the worker has finished a job.
  /// Thread: the worker's.
  void note_done(std::size_t worker) noexcept;
  /// Notes that the standby has finished a job for this worker. The standby is free again.
  /// Thread: the standby's.
  void note_relief(std::size_t worker) noexcept;

  /// The CPU time used by the worker's thread, or 0 before it has started. Makes one system call.
  std::chrono::nanoseconds cpu_time_of(std::size_t worker) const noexcept;

  /// When the worker last finished a job, and when its standby last finished one for it. In ms of boot time;
  /// 0 before the first.
  std::int64_t last_done_ms(std::size_t worker) const noexcept {
    return progress_[worker].done_ms.load(std::memory_order_relaxed);
  }
  std::int64_t last_relief_ms(std::size_t worker) const noexcept {
    return progress_[worker].relief_ms.load(std::memory_order_relaxed);
  }

 private:
  /// Never the clock of a thread: those are negative.
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
  std::vector<Progress> progress_;  ///< indexed by worker
  std::vector<Standby> standbys_;
};

}  // namespace latchkey::credential
