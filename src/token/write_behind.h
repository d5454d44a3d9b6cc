// WriteBehind: what a shard writes to the store without anybody waiting: times of last use that its core has
// noticed, of any shard's tokens; rows to forget; and deaths that the store refused. Bounded queues, batches
// in row order, one batch of a kind on its way at a time. Owned by the shard, on its thread.
#pragma once

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
  /// Rows in one transaction.
  static constexpr std::size_t kMaxBatch = 1024;
  /// After a refusal the store is left alone for this long.
  static constexpr std::int64_t kRetryMs = 250;

  /// All that is passed in outlives the object. `refresh_rows_per_second` is at least 1.
  WriteBehind(store::Store& store, Table& table, Log& log, std::size_t refresh_rows_per_second);
  WriteBehind(const WriteBehind&) = delete;
  WriteBehind& operator=(const WriteBehind&) = delete;

  /// Takes the entry's time to be written: the entry counts as saved until the store refuses, and is marked
  /// again then. False when the queue is full: the entry stays unsaved.
  /// Any shard's table; the entry lives in this pass.
  bool save(const Table& table, EntryId id);
  /// A row whose reason nobody needs any longer. Past the bound it is left to the next start to find.
  void forget(store::RowId row);

  /// Whether `deaths` more may be written. Asked before anything is killed.
  bool has_room_for_deaths(std::size_t deaths) const noexcept {
    return unwritten_deaths_.size() + deaths_underway_ + deaths <= kMaxDeaths;
  }
  /// Writes deaths that have taken effect in memory. On an error they are kept, and written again until they
  /// land.
  runtime::Task<Result<bool>> write_deaths(std::vector<store::SessionDeath> deaths);
  /// Ends without an error when the death of this row, or of every row, that was ever handed over is durable.
  runtime::Task<Result<bool>> confirm_deaths(std::optional<store::RowId> row);

  /// Starts the writes that are due.
  void run(TableTime now);
  /// When `run` has something to do again; kNoTime when nothing waits for time to pass.
  TableTime next_run() const noexcept;
  static constexpr TableTime kNoTime{INT64_MAX};

  /// Nothing is started from now on; writes all that waits, and every unsaved time in the table, and ends
  /// when nothing is on its way. True when the store has taken everything.
  runtime::Task<bool> finish();

  std::size_t refreshes_waiting() const noexcept { return refreshes_.size(); }
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
  const std::int64_t rows_per_second_;
  const std::int64_t gather_ms_;

  std::vector<Refresh> refreshes_;  // has its room from the start: a check that adds one allocates nothing
  std::deque<store::SessionDeath> unwritten_deaths_;
  std::deque<store::RowId> forgotten_;
  std::vector<const std::vector<store::SessionDeath>*> underway_;  // in the frames of `write_deaths`
  std::size_t deaths_underway_ = 0;
  std::uint64_t rows_left_behind_ = 0;

  TableTime now_;
  TableTime retry_at_;
  TableTime refilled_at_;
  TableTime gathered_at_;  // when the refreshes that wait have waited enough for others to come
  std::int64_t allowance_millirows_ = 0;  // how many thousandths of a refresh may be written now

  bool refreshing_ = false;
  bool forgetting_ = false;
  bool burying_ = false;
  bool finishing_ = false;
  runtime::Nursery nursery_;
};

}  // namespace latchkey::token
