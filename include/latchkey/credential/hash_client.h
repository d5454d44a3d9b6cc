// HashClient: a core's way to the hash pool. Its coroutines wait in a bounded queue of its own (HashQueue
// says in which order, and which are refused). It keeps at most a few jobs at a worker, so that clients take
// turns; and, as a hook of its core's loop, it watches the workers that have its jobs: one that starves
// (WorkerWatch) has its standby do one of them too, and the first to finish answers (HashRun). Owned by the
// core. Thread: its core's.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "credential/hash_queue.h"
#include "latchkey/base/clock.h"
#include "latchkey/base/result.h"
#include "latchkey/base/secret.h"
#include "latchkey/credential/hash_pool.h"
#include "latchkey/runtime/loop.h"
#include "latchkey/runtime/mailbox.h"
#include "latchkey/runtime/task.h"

namespace latchkey::credential {

class HashRun;

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

  /// Refused jobs that are answered in one pass of the loop, so that no check waits for many of them.
  static constexpr std::size_t kRefusalsPerPass = 4;

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
