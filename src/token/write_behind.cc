#include "token/write_behind.h"

#include <algorithm>
#include <utility>

#include "latchkey/base/assert.h"
#include "latchkey/runtime/await.h"

namespace latchkey::token {

namespace {

// A refresh waits one part in this many of the time that it may take to be durable, so that others are
// written with it.
constexpr std::int64_t kGatherShare = 4;

}  // namespace

WriteBehind::WriteBehind(store::Store& store, Table& table, Log& log, std::size_t refresh_rows_per_second)
    : store_(store),
      table_(table),
      log_(log),
      rows_per_second_(static_cast<std::int64_t>(refresh_rows_per_second)),
      gather_time_(table.most_time_to_write() / kGatherShare),
      allowance_millirows_(rows_per_second_ * 1000) {
  LATCHKEY_ASSERT(refresh_rows_per_second >= 1);
  refreshes_.reserve(kMaxRefreshes);
}

bool WriteBehind::save(const Table& table, EntryId id) {
  if (refreshes_.size() >= kMaxRefreshes) return false;
  Entry& entry = table.entry(id);
  State state = entry.state();
  // A use that comes in between is included, or sets the mark again.
  while (state.life() == Life::kLive && state.unsaved()) {
    if (!entry.change(state, state.saved())) continue;
    if (refreshes_.empty()) gathered_at_ = now_ + gather_time_;
    refreshes_.push_back({entry.row(), state.last_used(), &table, id, state.generation()});
    break;
  }
  return true;
}

TableTime WriteBehind::oldest_refresh() const noexcept {
  TableTime oldest = kNoTime;
  for (const Refresh& refresh : refreshes_) oldest = std::min(oldest, refresh.last_used);
  return oldest;
}

void WriteBehind::forget(store::RowId row) {
  if (forgotten_.size() < kMaxForgotten) {
    forgotten_.push_back(row);
  } else {
    ++rows_left_behind_;
  }
}

runtime::Task<Result<bool>> WriteBehind::write_deaths(std::vector<store::SessionDeath> deaths) {
  underway_.push_back(&deaths);
  deaths_underway_ += deaths.size();
  LATCHKEY_AWAIT(Result<bool> written, store_.record_deaths(deaths));
  std::erase(underway_, &deaths);
  deaths_underway_ -= deaths.size();
  if (!written) {
    refused("deaths", deaths.size(), written.error());
    unwritten_deaths_.insert(unwritten_deaths_.end(), deaths.begin(), deaths.end());
  }
  co_return written;
}

runtime::Task<Result<bool>> WriteBehind::confirm_deaths(std::optional<store::RowId> row) {
  std::vector<store::SessionDeath> deaths;
  const auto take = [&](const store::SessionDeath& death) {
    if (!row || death.row == *row) deaths.push_back(death);
  };
  for (const auto* batch : underway_) std::for_each(batch->begin(), batch->end(), take);
  std::for_each(unwritten_deaths_.begin(), unwritten_deaths_.end(), take);
  if (deaths.empty()) co_return true;
  // A row that already has its death keeps it, so writing it twice does no harm.
  LATCHKEY_CO_RETURN(store_.record_deaths(std::move(deaths)));
}

void WriteBehind::run(TableTime now) {
  now_ = now;
  refill(now);
  if (!may_write(now)) return;
  if (!unwritten_deaths_.empty() && !burying_) nursery_.spawn(deaths_in_background());
  if (!forgotten_.empty() && !forgetting_) nursery_.spawn(forget_in_background());
  const auto allowed = static_cast<std::size_t>(allowance_millirows_ / 1000);
  const bool gathered = now >= gathered_at_ || refreshes_.size() >= kMaxBatch;
  if (!refreshes_.empty() && !refreshing_ && gathered && allowed > 0) {
    std::vector<Refresh> batch = next_refreshes(std::min(allowed, kMaxBatch));
    allowance_millirows_ -= static_cast<std::int64_t>(batch.size()) * 1000;
    nursery_.spawn(refresh_in_background(std::move(batch)));
  }
}

TableTime WriteBehind::next_run() const noexcept {
  const bool deaths = !unwritten_deaths_.empty() && !burying_;
  const bool rows = !forgotten_.empty() && !forgetting_;
  const bool refreshes = !refreshes_.empty() && !refreshing_;
  if (finishing_ || !(deaths || rows || refreshes)) return kNoTime;
  std::chrono::milliseconds wait{0};
  if (!deaths && !rows && allowance_millirows_ < 1000) {
    wait = std::chrono::milliseconds((1000 - allowance_millirows_ + rows_per_second_ - 1) / rows_per_second_);
  }
  const TableTime allowed = refilled_at_ + wait;
  const bool gathers = !deaths && !rows && refreshes_.size() < kMaxBatch;
  return std::max({retry_at_, allowed, gathers ? gathered_at_ : TableTime{}});
}

/// Keeps at most one second's worth, so that a quiet time does not pay for a storm.
void WriteBehind::refill(TableTime now) noexcept {
  const std::int64_t passed_ms = std::clamp<std::int64_t>((now - refilled_at_).count(), 0, 1000);
  allowance_millirows_ =
      std::min(allowance_millirows_ + passed_ms * rows_per_second_, rows_per_second_ * 1000);
  refilled_at_ = std::max(refilled_at_, now);
}

void WriteBehind::refused(const char* what, std::size_t rows, const Error& error) {
  retry_at_ = now_ + kRetryPause;
  LogEvent(log_, LogLevel::kWarning, "store.refused")
      .field("what", what)
      .field("rows", rows)
      .text("error", error.text);
}

std::vector<WriteBehind::Refresh> WriteBehind::next_refreshes(std::size_t most) {
  const auto count = static_cast<std::ptrdiff_t>(std::min(most, refreshes_.size()));
  std::vector<Refresh> batch(refreshes_.begin(), refreshes_.begin() + count);
  refreshes_.erase(refreshes_.begin(), refreshes_.begin() + count);
  // Sorted, so that neighbours in the file are written together.
  std::sort(batch.begin(), batch.end(), [](const Refresh& a, const Refresh& b) { return a.row < b.row; });
  return batch;
}

void WriteBehind::mark_unsaved(const std::vector<Refresh>& batch) noexcept {
  for (const Refresh& refresh : batch) {
    Entry& entry = refresh.table->entry(refresh.entry);
    State state = entry.state();
    // The lag of one that was used meanwhile counts from the time that the store did not take.
    while (state.life() == Life::kLive && state.generation() == refresh.generation) {
      if (entry.change(state, state.not_saved())) break;
    }
  }
}

runtime::Task<bool> WriteBehind::write_refreshes(std::vector<Refresh> batch) {
  std::vector<store::SessionRefresh> rows;
  rows.reserve(batch.size());
  for (const Refresh& refresh : batch) rows.push_back({refresh.row, wall_time(refresh.last_used)});
  LATCHKEY_AWAIT(const Result<bool> written, store_.record_refreshes(std::move(rows)));
  if (!written) {
    refused("refreshes", batch.size(), written.error());
    mark_unsaved(batch);
  }
  co_return written.has_value();
}

runtime::Task<bool> WriteBehind::write_forgotten() {
  const std::size_t count = std::min(forgotten_.size(), kMaxBatch);
  std::vector<store::RowId> rows(forgotten_.begin(), forgotten_.begin() + static_cast<std::ptrdiff_t>(count));
  std::sort(rows.begin(), rows.end());
  LATCHKEY_AWAIT(const Result<bool> written, store_.forget(std::move(rows)));
  if (written) {
    forgotten_.erase(forgotten_.begin(), forgotten_.begin() + static_cast<std::ptrdiff_t>(count));
  } else {
    refused("forgotten rows", count, written.error());
  }
  co_return written.has_value();
}

runtime::Task<bool> WriteBehind::write_deaths_again() {
  // New deaths join the end of the queue while this waits; these stay at its front.
  const std::size_t count = std::min(unwritten_deaths_.size(), kMaxBatch);
  const auto end = unwritten_deaths_.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<store::SessionDeath> deaths(unwritten_deaths_.begin(), end);
  LATCHKEY_AWAIT(const Result<bool> written, store_.record_deaths(std::move(deaths)));
  if (written) {
    const auto landed = unwritten_deaths_.begin() + static_cast<std::ptrdiff_t>(count);
    unwritten_deaths_.erase(unwritten_deaths_.begin(), landed);
  } else {
    refused("deaths", count, written.error());
  }
  co_return written.has_value();
}

runtime::Task<void> WriteBehind::refresh_in_background(std::vector<Refresh> batch) {
  refreshing_ = true;
  LATCHKEY_AWAIT(write_refreshes(std::move(batch)));
  refreshing_ = false;
}

runtime::Task<void> WriteBehind::forget_in_background() {
  forgetting_ = true;
  LATCHKEY_AWAIT(write_forgotten());
  forgetting_ = false;
}

runtime::Task<void> WriteBehind::deaths_in_background() {
  burying_ = true;
  LATCHKEY_AWAIT(write_deaths_again());
  burying_ = false;
}

/// Queues unsaved entries from `from` on until a batch is full. Returns false at the end of the table.
bool WriteBehind::save_some(EntryId& from) {
  for (; from < table_.end() && refreshes_.size() < kMaxBatch; ++from) {
    if (table_.is_used(from)) save(table_, from);
  }
  return from < table_.end();
}

runtime::Task<bool> WriteBehind::finish() {
  finishing_ = true;
  co_await nursery_.join();
  bool all = true;
  EntryId from = 1;
  for (bool more = true; more || !refreshes_.empty();) {
    more = save_some(from);
    if (refreshes_.empty()) continue;
    LATCHKEY_AWAIT(const bool written, write_refreshes(next_refreshes(kMaxBatch)));
    all = all && written;
  }
  while (all && !unwritten_deaths_.empty()) {
    LATCHKEY_AWAIT(const bool written, write_deaths_again());
    all = all && written;
  }
  while (all && !forgotten_.empty()) {
    LATCHKEY_AWAIT(const bool written, write_forgotten());
    all = all && written;
  }
  co_return all;
}

}  // namespace latchkey::token
