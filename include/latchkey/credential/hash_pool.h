// HashPool: what the hash workers share; it is their runtime::WorkerHooks. HashClient: a core's way to them.
// The core's coroutines wait in the client's own bounded queue, and at most a few jobs of a client are at a
// worker, so that clients take turns. The pool is made at start and never changes, but for its refusal step;
// a client is of its core thread alone.
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
#include "latchkey/runtime/mailbox.h"
#include "latchkey/runtime/task.h"
#include "latchkey/runtime/worker.h"

namespace latchkey::credential {

class HashPool final : public runtime::WorkerHooks {
 public:
  /// `workers`: the ports whose threads hash, at least one. Makes the dummy hash and measures it by `clock`,
  /// so it takes as long as one hash. Errors: kInvalid by check_hash_settings; kUnavailable.
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

 private:
  HashPool(const HashSettings& settings, std::vector<runtime::PortId> workers, std::string dummy_hash)
      : settings_(settings), workers_(std::move(workers)), dummy_hash_(std::move(dummy_hash)) {}

  const HashSettings settings_;
  const std::vector<runtime::PortId> workers_;
  const std::string dummy_hash_;
  RefusalStep refusal_step_;
};

/// Read by any thread, for the metrics page.
struct HashMetrics {
  std::atomic<std::uint64_t> hashes{0};   ///< jobs that a worker has done
  std::atomic<std::uint64_t> refused{0};  ///< jobs refused because the queue was full
  std::atomic<std::uint64_t> waiting{0};  ///< jobs in the queue now
};

class HashClient {
 public:
  /// Jobs of one client at one worker, at most: one that it hashes, and one so that it need not wait for the
  /// next.
  static constexpr std::size_t kMaxAtWorker = 2;

  /// `max_waiting`: jobs in the queue beside those at the workers. `port` and `pool` outlive the client.
  HashClient(runtime::Port& port, HashPool& pool, std::size_t max_waiting);
  /// No job may be waiting.
  ~HashClient();
  HashClient(const HashClient&) = delete;
  HashClient& operator=(const HashClient&) = delete;

  /// verify_password on a worker. kOverloaded at once where the queue is full.
  runtime::Task<Result<bool>> verify(SecretText password, std::string stored_hash);

  /// make_hash on a worker, by the pool's settings. kOverloaded at once where the queue is full.
  runtime::Task<Result<std::string>> make(SecretText password);

  /// RefusalStep::measure on a worker, before a user gets a hash that was not made here. `clock` outlives the
  /// wait. Errors: kInvalid, by check_stored_hash; kUnavailable, this machine has not the memory to verify
  /// it; kOverloaded at once where the queue is full.
  runtime::Task<Result<void>> measure(std::string stored_hash, const Clock& clock);

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
    /// False, and the waiter goes on, when the queue is full.
    bool await_suspend(std::coroutine_handle<> waiter) noexcept;
    void work(runtime::Port& there) noexcept final;
    void done() noexcept final;

   protected:
    ~Job() = default;

   private:
    friend class HashClient;
    HashClient& client_;
    std::coroutine_handle<> waiter_;
    Job* next_ = nullptr;
    std::size_t worker_ = 0;
  };
  template <class F>
  class JobOf;

  [[nodiscard]] bool submit(Job& job) noexcept;
  void send(Job& job, std::size_t worker) noexcept;
  void start_next() noexcept;
  /// The worker with the fewest of this client's jobs; true if it may have one more.
  bool find_worker(std::size_t& worker) const noexcept;

  runtime::Port& port_;
  HashPool& pool_;
  const std::size_t max_waiting_;
  std::vector<std::size_t> at_worker_;  ///< this client's jobs at each of the pool's workers
  Job* first_ = nullptr;                ///< the queue, through the jobs themselves
  Job* last_ = nullptr;
  std::size_t waiting_ = 0;
  HashMetrics metrics_;
};

}  // namespace latchkey::credential
