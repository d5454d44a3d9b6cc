#include "latchkey/store/store_thread.h"

#include <chrono>
#include <utility>

#include "latchkey/base/assert.h"
#include "latchkey/store/schema.h"

namespace latchkey::store {

namespace {

void count(std::atomic<std::uint64_t>& counter, std::uint64_t by = 1) noexcept {
  counter.fetch_add(by, std::memory_order_relaxed);
}

}  // namespace

void StoreJob::work(runtime::Port& there) noexcept {
  LATCHKEY_ASSERT(there.id() == store_.port_id());
  store_.accept(*this);
}

StoreThread::StoreThread(Database database, runtime::Port& port, const Clock& clock, Log& log,
                         std::function<void(const Error&)> on_fatal)
    : database_(std::move(database)),
      port_(port),
      clock_(clock),
      log_(log, clock),
      on_fatal_(std::move(on_fatal)) {
  group_.reserve(kMaxGroupJobs);
  if (const Result<std::optional<WallTime>> made = recorded_backup(database_); made && *made)
    note_backup(**made);
}

StoreThread::~StoreThread() { LATCHKEY_ASSERT(group_.empty()); }

void StoreThread::accept(StoreJob& job) noexcept {
  if (fatal_) {
    job.refuse(*fatal_);
    port_.finish(job);
    return;
  }
  if (!job.writes()) {
    count(metrics_.reads);
    if (const Result<void> done = job.run(database_); !done && done.error().code == ErrorCode::kFatal) {
      note_fatal(done.error());
    }
    port_.finish(job);
    return;
  }
  group_.push_back(&job);
  if (group_.size() == kMaxGroupJobs) commit_group();
}

void StoreThread::after_batch(runtime::Port&) noexcept {
  if (!group_.empty()) commit_group();
}

Result<Database> StoreThread::release() {
  LATCHKEY_ASSERT(group_.empty());
  if (fatal_) return tl::unexpected(*fatal_);
  return std::move(database_);
}

void StoreThread::commit_group() noexcept {
  // An earlier, full group may have failed fatally while more jobs were still to come.
  const auto began = std::chrono::steady_clock::now();
  const Result<void> committed = fatal_ ? Result<void>(tl::unexpected(*fatal_)) : run_group();
  metrics_.commit_duration.record(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - began).count());
  metrics_.is_refusing.store(!committed, std::memory_order_relaxed);
  if (committed) {
    count(metrics_.groups);
    metrics_.last_commit_ms.store(clock_.boot().ms, std::memory_order_relaxed);
  } else {
    count(metrics_.failed_groups);
    if (committed.error().code == ErrorCode::kFatal) note_fatal(committed.error());
    LimitedEvent(log_, LogLevel::kError, "store.commit_failed")
        .field("jobs", group_.size())
        .text("error", committed.error().text);
    for (StoreJob* const job : group_) job->refuse(committed.error());
  }
  count(metrics_.writes, group_.size());
  for (StoreJob* const job : group_) port_.finish(*job);
  group_.clear();
  // This follows the answers: moving pages into the file costs two more fsyncs, and nobody has to wait for
  // those.
  if (!fatal_ && database_.log_pages() >= kCheckpointPages) checkpoint();
  metrics_.log_pages.store(database_.log_pages(), std::memory_order_relaxed);
}

Result<void> StoreThread::run_group() {
  LATCHKEY_TRY(Transaction transaction, Transaction::begin(database_));
  for (StoreJob* const job : group_) {
    LATCHKEY_TRY(run_alone(*job));
  }
  LATCHKEY_TRY(record_wall());
  return transaction.commit();
}

/// Runs one job in a savepoint. An error that it returns is one that the whole group shares.
Result<void> StoreThread::run_alone(StoreJob& job) {
  LATCHKEY_TRY(database_.execute("SAVEPOINT job"));
  Result<void> done = job.run(database_);
  if (done) return database_.execute("RELEASE job");
  // After some errors (a full disk) SQLite has rolled back the whole transaction, including other jobs' work.
  if (done.error().code == ErrorCode::kFatal || !database_.in_transaction()) return done;
  return database_.execute("ROLLBACK TO job; RELEASE job");
}

Result<void> StoreThread::record_wall() {
  const WallTime now = clock_.wall();
  if (std::chrono::abs(now - wall_recorded_) < kWallRecordPause) return {};
  Result<void> recorded = record_wall_time(database_, now, clock_set_ms());
  if (recorded) wall_recorded_ = now;
  return recorded;
}

void StoreThread::checkpoint() noexcept {
  if (const Result<void> moved = database_.checkpoint(); moved) {
    count(metrics_.checkpoints);
  } else {
    // The log keeps everything, so unless an fsync failed this only costs space. The next commit tries again.
    count(metrics_.failed_checkpoints);
    if (moved.error().code == ErrorCode::kFatal) note_fatal(moved.error());
    LimitedEvent(log_, LogLevel::kWarning, "store.checkpoint_failed").text("error", moved.error().text);
  }
}

void StoreThread::note_fatal(const Error& error) noexcept {
  if (fatal_) return;
  fatal_ = error;
  LogEvent(log_, LogLevel::kError, "store.fatal").text("error", error.text);
  if (on_fatal_) on_fatal_(error);
}

}  // namespace latchkey::store
