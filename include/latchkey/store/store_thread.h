// StoreThread: what the store's thread does: it owns the Database, runs the jobs that other threads send, and
// commits them in groups, one fsync for all that arrived together. Made on the main thread and given to a
// runtime::Worker as its hooks; then of the worker's thread alone, until that has been stopped. The offline
// command runs it on its only thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "latchkey/base/clock.h"
#include "latchkey/base/log.h"
#include "latchkey/base/rated_log.h"
#include "latchkey/base/result.h"
#include "latchkey/runtime/mailbox.h"
#include "latchkey/runtime/worker.h"
#include "latchkey/store/database.h"

namespace latchkey::store {

class StoreThread;

/// A job for the store thread; `transact` and `read` (transact.h) make them.
class StoreJob : public runtime::Message {
 public:
  explicit StoreJob(StoreThread& store) noexcept : store_(store) {}

  /// Does the work and keeps the answer. An error undoes what this job did, and nothing of others' jobs.
  virtual Result<void> run(Database& database) noexcept = 0;
  /// Takes the answer back: the group's commit failed, or the job was never run.
  virtual void refuse(const Error& error) noexcept = 0;
  virtual bool writes() const noexcept = 0;

  void work(runtime::Port& there) noexcept final;

 protected:
  ~StoreJob() = default;

 private:
  StoreThread& store_;
};

/// Any thread may read them. Tests do; nothing in the server does.
struct StoreMetrics {
  std::atomic<std::uint64_t> reads{0};
  std::atomic<std::uint64_t> writes{0};         ///< jobs that were part of a group
  std::atomic<std::uint64_t> groups{0};         ///< commits that succeeded
  std::atomic<std::uint64_t> failed_groups{0};  ///< groups rolled back
  std::atomic<std::uint64_t> checkpoints{0};
  std::atomic<std::uint64_t> failed_checkpoints{0};
  std::atomic<std::int64_t> log_pages{0};  ///< pages in the write-ahead log
};

class StoreThread final : public runtime::WorkerHooks {
 public:
  /// Jobs that share one commit, at most. More that have arrived go into the next.
  static constexpr std::size_t kMaxGroupJobs = 512;
  /// The write-ahead log is brought into the file when it has this many pages (of 4 KiB), after the answers.
  static constexpr int kCheckpointPages = 1000;
  /// The wall clock is recorded with a commit at most this often.
  static constexpr std::int64_t kWallRecordMs = 1000;

  /// `on_fatal` is called at most once, on the store's thread, when what is on disk cannot be trusted any
  /// more: the process must end with an exit status of its own. Every job is then refused with kFatal. `port`
  /// is the one that jobs are sent to; `clock` and `log` outlive this.
  StoreThread(Database database, runtime::Port& port, const Clock& clock, Log& log,
              std::function<void(const Error&)> on_fatal);
  ~StoreThread() override;

  runtime::PortId port_id() const noexcept { return port_.id(); }
  const StoreMetrics& metrics() const noexcept { return metrics_; }

  /// A read is answered at once, from what is committed; a write waits for the group.
  void accept(StoreJob& job) noexcept;

  /// Commits the group and sends its jobs home.
  void after_batch(runtime::Port& port) noexcept override;

  /// The Database back, after the worker has ended, for `end_run`. Error kFatal when an fsync had failed:
  /// such a run must not be marked as ended in order.
  Result<Database> release();

  /// By how much the wall clock was set, forward or back, since this was made. Any thread.
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
