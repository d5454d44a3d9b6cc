// How tokens die before their time: ended by their holder, one or all of them (C-40).
#include <utility>

#include "latchkey/base/assert.h"
#include "latchkey/runtime/await.h"
#include "latchkey/token/shard.h"

namespace latchkey::token {

namespace {

auto too_many_deaths() { return failure(ErrorCode::kOverloaded, "too many ended tokens wait to be written"); }

}  // namespace

runtime::Task<Result<bool>> Shard::end(Token token, store::BindingHash binding) {
  const EntryId id = table_->find(token, binding);
  if (id == 0) co_return false;
  LATCHKEY_CO_RETURN(kill_one(id));
}

runtime::Task<Result<bool>> Shard::end_session(const store::Session& session) {
  return end(token_of(session), session.binding);
}

runtime::Task<Result<bool>> Shard::kill_one(EntryId id) {
  const TableTime now = clock_.now();
  const store::RowId row = table_->entry(id).row();
  State state = table_->entry(id).state();
  if (may_come_back(state, now)) {
    if (!may_kill(1)) co_return too_many_deaths();
    const TableTime timed_out =
        is_dead(state.life()) ? state.last_used() : state.last_used() + settings_.timeout;
    // If a use comes first, the token is alive, and is ended below.
    if (is_dead(state.life()) || expire(id, state)) {
      LATCHKEY_CO_TRY(writes_.write_deaths({{row, store::Death::kExpired, wall_time(timed_out)}}));
      co_return false;
    }
    state = table_->entry(id).state();
  }
  if (is_dead(state.life())) {
    // Ended before, but perhaps not on disk yet. Saying so again promises it again.
    LATCHKEY_CO_TRY(writes_.confirm_deaths(row));
    co_return false;
  }
  if (state.life() != Life::kLive || table_->is_timed_out(state, now)) co_return false;
  if (!may_kill(1)) co_return too_many_deaths();
  kill(id, state, Life::kDeleted, now);
  std::vector<store::SessionDeath> deaths{{row, store::Death::kDeleted, wall_time(now)}};
  LATCHKEY_CO_TRY(writes_.write_deaths(std::move(deaths)));
  co_return true;
}

/// Whether the token has timed out in memory alone, and so recently that a start after a crash would revive
/// it: that start gives each token a tenth of the timeout. A request to end it must make sure that it never
/// lives again.
bool Shard::may_come_back(State state, TableTime now) const noexcept {
  if (state.life() == Life::kExpired) return now - state.last_used() <= period_ + kRefreshStep;
  return state.life() == Life::kLive && table_->is_timed_out(state, now);
}

runtime::Task<Result<std::size_t>> Shard::end_all(std::int64_t user_id, store::Death reason,
                                                  std::optional<Token> keep) {
  LATCHKEY_ASSERT(reason != store::Death::kNone);
  logins_.end_all_of(user_id, reason);
  // Later tokens are not meant. They get greater rows than any known here.
  const store::RowId last_row = newest_row_;
  std::size_t ended = 0;
  while (true) {
    if (!may_kill(kMaxDeathsAtOnce)) co_return too_many_deaths();
    std::vector<store::SessionDeath> deaths = kill_some(user_id, reason, last_row, keep);
    if (deaths.empty()) break;
    ended += deaths.size();
    LATCHKEY_CO_TRY(writes_.write_deaths(std::move(deaths)));
  }
  // Also confirms those that died in an earlier attempt that the store refused.
  LATCHKEY_CO_TRY(writes_.confirm_deaths(std::nullopt));
  // Any others on disk had timed out in memory alone. A start after a crash could take them for alive.
  LATCHKEY_CO_TRY(store_.record_user_death({.user_id = user_id,
                                            .reason = store::Death::kExpired,
                                            .at = wall_time(clock_.now()),
                                            .last_row = last_row,
                                            .kept_row = row_of(user_id, keep)}));
  co_return ended;
}

/// The row of the user's token, or 0 if the user has no such live token.
store::RowId Shard::row_of(std::int64_t user_id, const std::optional<Token>& token) const noexcept {
  if (!token) return 0;
  EntryId id = table_->tokens_of(user_id).first;
  while (id != 0 && table_->token_of(id) != *token) id = table_->entry(id).next();
  return id == 0 ? 0 : table_->entry(id).row();
}

std::vector<store::SessionDeath> Shard::kill_some(std::int64_t user_id, store::Death reason,
                                                  store::RowId last_row, const std::optional<Token>& keep) {
  const TableTime now = clock_.now();
  std::vector<store::SessionDeath> deaths;
  EntryId id = table_->tokens_of(user_id).first;
  while (id != 0 && deaths.size() < kMaxDeathsAtOnce) {
    const Entry& entry = table_->entry(id);
    const EntryId next = entry.next();
    const State state = entry.state();
    const bool meant = state.life() == Life::kLive && entry.row() <= last_row;
    if (meant && !(keep && table_->token_of(id) == *keep)) {
      deaths.push_back({entry.row(), reason, wall_time(now)});
      kill(id, state, life_of(reason), now);
    }
    id = next;
  }
  return deaths;
}

/// Marks the token dead in memory, for every core.
/// Requires: the entry is live or pending.
void Shard::kill(EntryId id, State state, Life reason, TableTime died) {
  // Only uses can intervene: all deaths are made by this thread.
  while (!table_->entry(id).change(state, state.dead(reason, died))) {
  }
  bury(id);
}

/// Ends a token that timed out, as of that time. False if a use came first.
bool Shard::expire(EntryId id, State state) {
  const TableTime died = state.last_used() + settings_.timeout;
  if (!table_->entry(id).change(state, state.dead(Life::kExpired, died))) return false;
  metrics_.timed_out.add();
  bury(id);
  return true;
}

void Shard::bury(EntryId id) {
  table_->leave_user(id);
  tombstones_.bury(id);
  while (tombstones_.count() > settings_.max_tombstones) {
    writes_.forget(tombstones_.remove_first());
    ++tombstones_cut_;
  }
}

}  // namespace latchkey::token
