// HashPool: what the clients, the hash workers and their standbys share: the settings, the dummy hash, the
// refusal step, and what each worker has got done; it is the workers' runtime::WorkerHooks. Workers run only
// where the cores leave time (SCHED_IDLE); a standby, which the cores do not hold back, is lent to a client
// whose worker starves. Made at start by the server, which owns it; it never changes but for its refusal step
// and its workers' progress. Thread: any, where nothing else is said.
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
  /// Workers that share a standby, so that it has little to do but where checks fill every core.
  static constexpr std::size_t kWorkersPerStandby = 4;
  static constexpr std::size_t standbys_for(std::size_t workers) noexcept {
    return (workers + kWorkersPerStandby - 1) / kWorkersPerStandby;
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

  /// The standby of this worker, if it has one and it does nothing: it is the caller's until `note_relief`.
  std::optional<runtime::PortId> engage_standby_of(std::size_t worker) noexcept;

  /// The worker has done a job. Thread: the worker's.
  void note_done(std::size_t worker) noexcept;
  /// Its standby has done one for it, and is free again. Thread: the standby's.
  void note_relief(std::size_t worker) noexcept;

  /// The CPU time that the worker's thread has had; none before it has started. One system call.
  std::chrono::nanoseconds cpu_time_of(std::size_t worker) const noexcept;

  /// When the worker has last done a job (boot time, ms), and when its standby has last done one for it; 0
  /// before the first.
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

}  // namespace latchkey::credential
