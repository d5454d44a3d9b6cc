// How a process of a world starts and ends, and what must be true once everything has come to rest.
#include <algorithm>

#include "latchkey/store/session_table.h"
#include "report.h"
#include "world.h"

namespace latchkey::sim {

namespace {

// More rounds than coming to rest has ever needed.
constexpr int kMaxRounds = 10'000;
// The smallest step of the wall clock that a start follows.
constexpr std::int64_t kLeastFollowedMs = 1000;
// One start in this many is cut off within its first writes and syncs, and one in this many is soon followed
// by an end.
constexpr std::uint64_t kCutOffStarts = 4;
constexpr std::uint64_t kWritesOfAStart = 24;
constexpr std::uint64_t kSoonEnded = 3;
constexpr std::uint64_t kMostStepsOfAShortRun = 400;

runtime::Task<void> stop_shard(token::Shard& shard, bool& all_written) {
  auto stopping = shard.stop();
  const bool written = co_await stopping;
  all_written = all_written && written;
}

}  // namespace

/// Returns false if an earlier attempt was cut off by a kill in the middle of it or by a loss of power.
bool World::start() {
  int cut_off = 0;
  while (!try_start()) {
    ++cut_off;
    ++tally_.cut_off_starts;
    Report::trace("crash in a start");
    process_.reset();
    disk_.end_process();
    if (dice_.once_in(2)) disk_.lose_power();
    disk_.restart();
    clock_.advance_ms(dice_.between(0, 50));
  }
  wall_set_ms_ = 0;
  // Faults in what a start leaves behind show best if the next end follows soon.
  steps_to_end_ = dice_.once_in(kSoonEnded) ? dice_.below(kMostStepsOfAShortRun) : 0;
  return cut_off == 0;
}

bool World::try_start() {
  if (dice_.once_in(kCutOffStarts)) disk_.stop_after(dice_.below(kWritesOfAStart));
  try {
    process_ = std::make_unique<Process>(
        Process::Parts{plan_, path_, clock_, keyring_, model_, disk_, dice_.next()});
  } catch (const Process::CutOff&) {
    return false;
  }
  if (disk_.has_stopped()) return false;
  disk_.restart();
  return true;
}

/// Ends the process where it is. Its coroutines still have to end, so the rest of its work runs unwatched and
/// without a disk. That also tests every answer to a disk that is gone.
void World::crash(const char* why) {
  ++tally_.crashes;
  Report::trace("crash {}", why);
  model_.set_watching(false);
  disk_.stop_after(0);
  settle();
  process_.reset();
  disk_.end_process();
  if (dice_.once_in(2)) disk_.lose_power();
  disk_.restart();
  model_.set_watching(true);
  clock_.advance_ms(dice_.once_in(4) ? dice_.between(0, plan_.timeout_ms * 2) : dice_.between(0, 50));
  start();
}

void World::stop() {
  ++tally_.stops;
  Report::trace("stop");
  settle();
  if (must_crash()) return crash("in a stop");
  bool all_written = true;
  for (std::uint32_t core = 0; core < plan_.cores; ++core) {
    process_->nursery(core).spawn(stop_shard(process_->shard(core), all_written));
  }
  settle();
  if (must_crash()) return crash("in a stop");
  disk_.restart();
  if (all_written) process_->end_run();
  tell_model();
  model_.stopped();
  const std::int64_t away_ms = dice_.once_in(4) ? jump_to() - process_->now() : dice_.between(0, 50);
  process_.reset();
  disk_.end_process();
  if (dice_.once_in(2)) disk_.lose_power();
  clock_.advance_ms(away_ms);
  const std::int64_t to_move_ms = std::abs(wall_set_ms_) < kLeastFollowedMs ? 0 : wall_set_ms_;
  // A start that was cut off may or may not have begun a run.
  const bool is_first = start();
  if (is_first && process_->was_clean() != all_written)
    Report::broken("a stop was clean, and the next start did not know");
  const std::int64_t moved_ms = model_.moved_ms().value_or(to_move_ms);
  if (is_first && all_written && moved_ms != to_move_ms)
    Report::broken("the wall's clock was set by {} ms, and the start moved what was recorded by {} ms",
                   to_move_ms, moved_ms);
}

/// Whether a real process would be gone by now. Nothing that it still holds reaches anybody.
bool World::must_crash() const {
  return model_.is_watching() && (process_->has_failed() || disk_.has_stopped());
}

void World::end_passes() {
  for (std::uint32_t core = 0; core < plan_.cores; ++core) {
    if (process_->is_active(core)) process_->end_pass(core);
  }
}

/// Runs until nothing waits for anything but time.
void World::settle() {
  end_passes();
  int rounds = 0;
  while (settle_once()) {
    if (must_crash()) return;
    if (++rounds > kMaxRounds) Report::broken("the server never comes to rest");
  }
  if (process_->running() > 0) {
    Report::broken("{} requests wait for what never comes", process_->running());
  }
}

bool World::settle_once() {
  bool moved = false;
  Bells& bells = process_->bells();
  while (bells.on_their_way() > 0) {
    bells.arrive(0);
    moved = true;
  }
  for (std::uint32_t core = 0; core < plan_.cores; ++core) {
    if (!process_->has_reason(core)) continue;
    tell_model();
    process_->begin_pass(core, false);
    process_->end_pass(core);
    moved = true;
  }
  if (process_->store_has_reason()) {
    process_->store_pass();
    if (must_crash()) return true;
    moved = true;
  }
  if (process_->hash_worker_has_reason()) {
    process_->hash_worker_pass();
    moved = true;
  }
  while (process_->hashes_waiting() > 0) {
    process_->finish_hash(0);
    moved = true;
  }
  return moved;
}

void World::pass_ms(std::int64_t ms) {
  const std::int64_t most = std::max<std::int64_t>(1, plan_.period_ms() / 4);
  while (ms > 0) {
    const std::int64_t step = std::min(ms, most);
    clock_.advance_ms(step);
    ms -= step;
    settle();
    if (must_crash()) return;
  }
}

/// A use that is a tenth of the timeout ahead of the disk is written. If the disk refused it once, that
/// happens when the wheel next looks at the token: a tenth of the timeout later, plus the wheel's own delay.
void World::expect_uses_saved() {
  disk_.set_full(false);
  settle();
  if (must_crash()) return crash("at rest");
  const std::map<store::RowId, std::int64_t> uses = model_.uses();
  // The wheel is late by a 64th of the distance from where it was last turned. A world's clock jumps by up to
  // two timeouts, which are twenty periods.
  const std::int64_t late_ms = plan_.period_ms() * 3 / 8;
  constexpr std::int64_t kSlackMs = token::WriteBehind::kRetryPause.count() + 50;
  pass_ms(plan_.period_ms() + late_ms + kSlackMs);
  if (must_crash()) return crash("at rest");
  model_.expect_saved(uses);
}

/// When all tokens have died and all reasons are forgotten, nothing of any user is left.
void World::expect_nothing_left() {
  settle();
  if (must_crash()) crash("at the end");
  disk_.restart();
  pass_ms(2 * plan_.timeout_ms + 2 * plan_.period_ms() + 2000);
  for (int round = 0; round < 2; ++round) {
    for (std::uint32_t core = 0; core < plan_.cores; ++core) process_->begin_pass(core, false);
    end_passes();
  }
  settle();
  tell_model();
  if (!model_.sessions().empty()) Report::broken("{} rows are left", model_.sessions().size());
  for (std::uint32_t core = 0; core < plan_.cores; ++core) {
    const token::Shard& shard = process_->shard(core);
    const token::ShardCounts counts = shard.counts();
    const std::size_t left = counts.live + counts.tombstones + counts.users + counts.refreshes_waiting +
                             counts.deaths_waiting + shard.table().entries();
    if (left > 0) Report::broken("{} entries, users or writes of shard {} are left", left, core);
    if (shard.table().index_cells() > 0) {
      Report::broken("{} cells of the indexes of shard {} are left", shard.table().index_cells(), core);
    }
    if (process_->quiescence().retired(core) > 0) {
      Report::broken("{} things of core {} are never freed", process_->quiescence().retired(core), core);
    }
  }
  stop();
  if (!model_.sessions().empty()) Report::broken("rows come back");
  settle();
}

}  // namespace latchkey::sim
