#include "latchkey/token/shard.h"

#include <algorithm>
#include <utility>

#include "latchkey/base/assert.h"

namespace latchkey::token {

namespace {

constexpr std::chrono::milliseconds kMinTick{10};
// A live entry is visited ten times per timeout, but no more often than the wheel can resolve.
constexpr std::int64_t kLooksPerTimeout = 10;
constexpr std::int64_t kTicksPerLook = 64;

TableSettings table_settings(const ShardParts& parts, const ShardSettings& settings) noexcept {
  return {.max_entries = settings.max_tokens + settings.max_tombstones,
          .timeout = settings.timeout,
          .index_segments = Index::segments_for(parts.shards)};
}

}  // namespace

Result<std::unique_ptr<Shard>> Shard::create(const ShardParts& parts, const ShardSettings& settings) {
  LATCHKEY_ASSERT(settings.timeout >= kLooksPerTimeout * kMinTick && parts.core < parts.shards);
  if (settings.max_tokens > TableSettings::kMaxEntries / 2 ||
      settings.max_tombstones > TableSettings::kMaxEntries / 2) {
    return failure(ErrorCode::kInvalid, "max_tokens and max_tombstones may each be " +
                                            std::to_string(TableSettings::kMaxEntries / 2) +
                                            " a core at most");
  }
  LATCHKEY_TRY(auto table, Table::create(parts.pages, parts.quiescence, parts.core,
                                         table_settings(parts, settings), parts.random));
  return std::unique_ptr<Shard>(new Shard(parts, settings, std::move(table)));
}

Shard::Shard(const ShardParts& parts, const ShardSettings& settings, std::unique_ptr<Table> table)
    : settings_(settings),
      number_(parts.core),
      shards_(parts.shards),
      period_(settings.timeout / kLooksPerTimeout),
      clock_(parts.clock),
      random_(parts.random),
      keyring_(&parts.keyring),
      store_(parts.store),
      login_check_(parts.login_check),
      log_(parts.log),
      table_(std::move(table)),
      tombstones_(*table_),
      writes_(parts.store, *table_, parts.log, settings.refresh_rows_per_second),
      wheel_(WheelLinks{table_.get()}, std::max(kMinTick, period_ / kTicksPerLook).count(),
             parts.clock.now().ms) {}

Shard::~Shard() = default;

Result<Loaded> Shard::load(const store::Session& session, TableTime now, WallTime exact_since) {
  table_->collect();  // because no loop runs yet to do it
  newest_row_ = std::max(newest_row_, session.row);
  if (session.key_number == 0 || session.user_name.size() > UserRecord::kMaxNameBytes) return Loaded::kForget;
  const Token token = token_of(session);
  const bool may_be_behind = session.last_used < exact_since;
  const TableTime last_used = last_use_of(session, now, exact_since);

  store::Death death = session.death;
  // A time from a clock that was ahead and has been set back would keep the tombstone until then.
  TableTime died = std::min(now, table_time(session.died));
  if (death == store::Death::kNone && now - last_used >= settings_.timeout + kRefreshStep) {
    death = store::Death::kExpired;
    died = last_used + settings_.timeout;
  }
  if (death != store::Death::kNone) {
    if (now - died > settings_.timeout || tombstones_.count() >= settings_.max_tombstones) {
      return Loaded::kForget;
    }
    const EntryId id = table_->add_dead(token, session.binding, session.row, life_of(death), died);
    if (id == 0) return failure(ErrorCode::kOverloaded, "no memory for the sessions that the database holds");
    tombstones_.bury(id);
    return Loaded::kTombstone;
  }

  // A token that had timed out in memory alone was not counted before a crash, so it must not keep the server
  // from starting afterwards. It takes the place of its former tombstone. It cannot be dropped either, as it
  // may have been used unrecorded.
  const bool is_revived =
      may_be_behind && now - table_time(session.last_used) >= settings_.timeout + kRefreshStep;
  if (is_revived) ++revived_;
  const EntryId id =
      table_->entries() - tombstones_.count() >= settings_.max_tokens + revived_
          ? 0
          : table_->add({token, session.binding, session.user_id, session.user_name, session.key_number});
  if (id == 0) {
    return failure(ErrorCode::kOverloaded,
                   "the database holds more live sessions than the setting `tokens` allows, or than there "
                   "is memory for: raise it");
  }
  table_->make_live(id, session.row, last_used,
                    may_be_behind ? Table::Stored::kMaybeBehind : Table::Stored::kExactly);
  file(id, now);
  return Loaded::kLive;
}

/// Before an unclean stop, uses may have gone unrecorded for a tenth of the timeout. The token gets that
/// much, but not beyond the start that followed: otherwise its next use would not be later and would not be
/// recorded. Later uses are recorded, so a later start gives what that first start gave. Giving more would
/// revive tokens that had timed out meanwhile.
TableTime Shard::last_use_of(const store::Session& session, TableTime now,
                             WallTime exact_since) const noexcept {
  const TableTime recorded = std::min(now, table_time(session.last_used));
  if (session.last_used >= exact_since) return recorded;
  const TableTime started = std::min(now, table_time(exact_since));
  return std::max(recorded, std::min(recorded + period_, started - kRefreshStep));
}

std::size_t Shard::advance(TableTime now, std::size_t budget) {
  advanced_to_ = now;
  std::size_t looked_at = wheel_.advance(now.ms, budget, [&](EntryId id) { return visit(id, now); });
  looked_at += drop_old_tombstones(now, budget - looked_at);
  writes_.run(now);
  ready_.run(kReadyPerPass);
  return looked_at;
}

bool Shard::behind() const noexcept {
  return wheel_.behind() || !ready_.is_empty() ||
         (tombstones_.count() > 0 && tombstones_.first_died() + settings_.timeout < advanced_to_);
}

TableTime Shard::next_advance() const noexcept {
  TableTime next = std::min(TableTime{wheel_.next_wake_ms()}, writes_.next_run());
  if (tombstones_.count() > 0) {
    next = std::min(next, tombstones_.first_died() + settings_.timeout + std::chrono::milliseconds(1));
  }
  return next;
}

/// Called by the wheel. An entry that is not live leaves the wheel. One that timed out dies. One that was
/// used has its time written.
std::int64_t Shard::visit(EntryId id, TableTime now) {
  Entry& entry = table_->entry(id);
  State state = entry.state();
  if (state.life() != Life::kLive) {
    table_->release_from_wheel(id);
    return Wheel::kDrop;
  }
  if (table_->is_timed_out(state, now)) {
    // If too much waits to be freed, the entry is visited again at the next tick. It admits nobody anyway.
    if (!table_->can_retire()) return now.ms;
    if (expire(id, state)) {
      table_->release_from_wheel(id);
      return Wheel::kDrop;
    }
    state = entry.state();
  }
  // The core that noticed may have had no room to write it.
  if (state.is_save_due() && !writes_.save(*table_, id)) return (now + period_ / 8).ms;
  return next_visit(state, now).ms;
}

/// Makes sure that an unused token is noticed when it times out, not up to a period later.
TableTime Shard::next_visit(State state, TableTime now) const noexcept {
  return std::min(now + period_, state.last_used() + settings_.timeout + kRefreshStep);
}

void Shard::file(EntryId id, TableTime now) {
  // The wheel measures precision from its own time, which stops while nothing is due. After a quiet night the
  // first visit would be minutes late.
  wheel_.catch_up(now.ms);
  wheel_.file(id, next_visit(table_->entry(id).state(), now).ms);
}

std::size_t Shard::drop_old_tombstones(TableTime now, std::size_t budget) {
  std::size_t dropped = 0;
  while (dropped < budget && tombstones_.count() > 0 && now - tombstones_.first_died() > settings_.timeout) {
    writes_.forget(tombstones_.remove_first());
    ++dropped;
  }
  return dropped;
}

runtime::Task<bool> Shard::stop() { return writes_.finish(); }

/// Makes the token again from the session. Only its holder has it.
Token Shard::token_of(const store::Session& session) const noexcept {
  return {keyring_->tag_of(session.user_id), keyring_->sign(session.key_number, session.id)};
}

ShardCounts Shard::counts() const noexcept {
  return {.live = table_->entries() - tombstones_.count(),
          .tombstones = tombstones_.count(),
          .users = table_->users(),
          .refreshes_waiting = writes_.refreshes_waiting(),
          .oldest_refresh = writes_.oldest_refresh(),
          .deaths_waiting = writes_.deaths_waiting(),
          .tombstones_cut = tombstones_cut_,
          .rows_left_behind = writes_.rows_left_behind(),
          .memory_bytes = table_->bytes()};
}

}  // namespace latchkey::token
