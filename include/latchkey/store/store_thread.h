// StoreThread is what runs on the store's thread. It owns the Database, runs the jobs that other threads
// send, and commits them in groups: one fsync for everything that arrived together.
// Thread: the main thread makes it and gives it to a runtime::Worker as its hooks. From then on it belongs to
// the worker's thread, until the worker has been stopped. The offline command runs it on its only thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "latchkey/base/clock.h"
#include "latchkey/base/counter.h"
#include "latchkey/base/log.h"
#include "latchkey/base/rated_log.h"
#include "latchkey/base/result.h"
#include "latchkey/runtime/mailbox.h"
#include "latchkey/runtime/worker.h"
#include "latchkey/store/database.h"

namespace latchkey::store {

class StoreThread;

/// A job for the store's thread. `transact` and `read` (transact.h) make them.
class StoreJob : public runtime::Message {
 public:
  static constexpr const char* kQueueIsFull = "the way to the store is full";

  explicit StoreJob(StoreThread& store) noexcept : store_(store) {}

  /// Does the work and keeps the answer. An error undoes this job's changes and no other job's.
  virtual Result<void> run(Database& database) noexcept = 0;
  /// Replaces the answer with an error: the group's commit failed, or the job never ran.
  virtual void refuse(const Error& error) noexcept = 0;
  virtual bool writes() const noexcept = 0;

  void work(runtime::Port& there) noexcept final;

 protected:
  ~StoreJob() = default;

 private:
  StoreThread& store_;
};

/// Thread: any reads; the store's counts.
struct StoreMetrics {
  std::atomic<std::uint64_t> reads{0};
  std::atomic<std::uint64_t> writes{0};         ///< jobs that were part of a group
  std::atomic<std::uint64_t> groups{0};         ///< commits that succeeded
  std::atomic<std::uint64_t> failed_groups{0};  ///< groups rolled back
  std::atomic<std::uint64_t> checkpoints{0};
  std::atomic<std::uint64_t> failed_checkpoints{0};
  std::atomic<std::int64_t> log_pages{0};  ///< pages in the write-ahead log
  std::atomic<bool> is_refusing{false};    ///< the last commit failed
  /// When the last commit succeeded (CLOCK_BOOTTIME, ms); 0 before the first.
  std::atomic<std::int64_t> last_commit_ms{0};
  /// When a backup was last made and examined (the calendar, ms); 0 if never.
  std::atomic<std::int64_t> last_backup_ms{0};
  Histogram<kCommitBoundsNs> commit_duration;  ///< of groups, those that failed too
};

class StoreThread final : public runtime::WorkerHooks {
 public:
  /// The most jobs that share one commit. Further ones go into the next.
  static constexpr std::size_t kMaxGroupJobs = 512;
  /// The write-ahead log is brought into the file when it has this many pages (of 4 KiB), after the answers.
  static constexpr int kCheckpointPages = 1000;
  /// The least time between two commits that record the wall clock.
  static constexpr std::chrono::milliseconds kWallRecordPause{1000};

  /// `on_fatal` is called on the store's thread, at most once, when what is on disk cannot be trusted any
  /// more. The process must then end with an exit status of its own, and every job is refused with kFatal.
  /// Jobs are sent to `port`.
  /// Lifetime: `clock` and `log` must outlive this object.
  StoreThread(Database database, runtime::Port& port, const Clock& clock, Log& log,
              std::function<void(const Error&)> on_fatal);
  ~StoreThread() override;

  runtime::PortId port_id() const noexcept { return port_.id(); }
  const StoreMetrics& metrics() const noexcept { return metrics_; }

  /// Thread: any.
  void note_backup(WallTime made) noexcept {
    metrics_.last_backup_ms.store(made.ms, std::memory_order_relaxed);
  }

  /// Answers a read at once, from what is committed. A write waits for the group.
  void accept(StoreJob& job) noexcept;

  /// Commits the group and sends its jobs home.
  void after_batch(runtime::Port& port) noexcept override;

  /// Gives the Database back for `end_run`, after the worker has ended.
  /// Errors: kFatal if an fsync failed: such a run must not be marked as ended in order.
  Result<Database> release();

  /// By how much the wall clock was set since construction, forward or back.
  /// Thread: any.
  std::int64_t clock_set_ms() const noexcept {
    return clock_.wall().ms - clock_.boot().ms - wall_ahead_of_boot_ms_;
  }

 private:
  void commit_group() noexcept;
  Result<void> run_group();
  Result<void> run_alone(StoreJob& job);
  Result<void> record_wall();
  void checkpoint() noexcept;
  void note_fatal(const Error& error) noexcept;

  Database database_;
  runtime::Port& port_;
  const Clock& clock_;
  RatedLog log_;
  const std::function<void(const Error&)> on_fatal_;
  std::optional<Error> fatal_;
  std::vector<StoreJob*> group_;
  WallTime wall_recorded_{};
  const std::int64_t wall_ahead_of_boot_ms_ = clock_.wall().ms - clock_.boot().ms;
  StoreMetrics metrics_;
};

}  // namespace latchkey::store
