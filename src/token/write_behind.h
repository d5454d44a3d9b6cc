// WriteBehind: a shard's writes to the store for which nobody waits. These are times of last use that its
// core has noticed, for tokens of any shard; rows to forget; and deaths that the store refused. Queues are
// bounded, batches are in row order, and one batch of each kind is on its way at a time.
// Thread: owned by the shard, on its thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "latchkey/base/log.h"
#include "latchkey/runtime/nursery.h"
#include "latchkey/runtime/task.h"
#include "latchkey/store/store.h"
#include "latchkey/token/table.h"

namespace latchkey::token {

class WriteBehind {
 public:
  static constexpr std::size_t kMaxRefreshes = 16'384;
  static constexpr std::size_t kMaxDeaths = 16'384;
  static constexpr std::size_t kMaxForgotten = 65'536;
  /// Rows per transaction.
  static constexpr std::size_t kMaxBatch = 1024;
  /// The pause after a refusal by the store.
  static constexpr std::chrono::milliseconds kRetryPause{250};

  /// Requires: `refresh_rows_per_second` is at least 1.
  /// Lifetime: all arguments must outlive the object.
  WriteBehind(store::Store& store, Table& table, Log& log, std::size_t refresh_rows_per_second);
  WriteBehind(const WriteBehind&) = delete;
  WriteBehind& operator=(const WriteBehind&) = delete;

  /// Requires: at least 1.
  void set_rows_per_second(std::size_t rows) noexcept { rows_per_second_ = static_cast<std::int64_t>(rows); }

  /// Queues the entry's time to be written, and marks the entry saved at once. If the store refuses, it is
  /// marked unsaved again. Returns false if the queue is full; the entry then stays unsaved. `table` may be
  /// any shard's.
  /// Requires: the entry lives in this pass.
  bool save(const Table& table, EntryId id);
  /// Forgets a row whose reason nobody needs any longer. A row past the bound is left for the next start to
  /// find.
  void forget(store::RowId row);

  /// Whether `deaths` more may be written. Ask before killing anything.
  bool has_room_for_deaths(std::size_t deaths) const noexcept {
    return unwritten_deaths_.size() + deaths_underway_ + deaths <= kMaxDeaths;
  }
  /// Writes deaths that have taken effect in memory. On an error they are kept, and the write is repeated
  /// until it succeeds.
  runtime::Task<Result<bool>> write_deaths(std::vector<store::SessionDeath> deaths);
  /// Ends without an error once every death that was handed over for this row, or for all rows, is durable.
  runtime::Task<Result<bool>> confirm_deaths(std::optional<store::RowId> row);

  /// Starts the writes that are due.
  void run(TableTime now);
  /// When `run` next has something to do; kNoTime if nothing waits for time to pass.
  TableTime next_run() const noexcept;
  static constexpr TableTime kNoTime{INT64_MAX};

  /// Starts nothing new from now on. Writes all that waits and every unsaved time in the table, and ends when
  /// nothing is on its way. True if the store has taken everything.
  runtime::Task<bool> finish();

  std::size_t refreshes_waiting() const noexcept { return refreshes_.size(); }
  /// The earliest use that waits to be written.
  TableTime oldest_refresh() const noexcept;
  std::size_t deaths_waiting() const noexcept { return unwritten_deaths_.size(); }
  std::uint64_t rows_left_behind() const noexcept { return rows_left_behind_; }

 private:
  struct Refresh {
    store::RowId row;
    TableTime last_used;
    const Table* table;
    EntryId entry;
    std::uint32_t generation;
  };

  bool may_write(TableTime now) const noexcept { return !finishing_ && now >= retry_at_; }
  void refill(TableTime now) noexcept;
  void refused(const char* what, std::size_t rows, const Error& error);
  std::vector<Refresh> next_refreshes(std::size_t most);
  void mark_unsaved(const std::vector<Refresh>& batch) noexcept;
  bool save_some(EntryId& from);

  runtime::Task<bool> write_refreshes(std::vector<Refresh> batch);
  runtime::Task<bool> write_forgotten();
  runtime::Task<bool> write_deaths_again();
  runtime::Task<void> refresh_in_background(std::vector<Refresh> batch);
  runtime::Task<void> forget_in_background();
  runtime::Task<void> deaths_in_background();

  store::Store& store_;
  Table& table_;
  Log& log_;
  std::int64_t rows_per_second_;
  const std::chrono::milliseconds gather_time_;

  std::vector<Refresh> refreshes_;  // reserved at the start, so that a check that adds one allocates nothing
  std::deque<store::SessionDeath> unwritten_deaths_;
  std::deque<store::RowId> forgotten_;
  std::vector<const std::vector<store::SessionDeath>*> underway_;  // each is in a frame of `write_deaths`
  std::size_t deaths_underway_ = 0;
  std::uint64_t rows_left_behind_ = 0;

  TableTime now_;
  TableTime retry_at_;
  TableTime refilled_at_;
  TableTime gathered_at_;                 // until when the waiting refreshes wait for others to join
  std::int64_t allowance_millirows_ = 0;  // thousandths of a refresh that may be written now

  bool refreshing_ = false;
  bool forgetting_ = false;
  bool burying_ = false;
  bool finishing_ = false;
  runtime::Nursery nursery_;
};

}  // namespace latchkey::token
