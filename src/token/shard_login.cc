// How a token is made, and how a second login gets the live one (C-13, C-21).
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "latchkey/base/assert.h"
#include "latchkey/runtime/await.h"
#include "latchkey/token/shard.h"

namespace latchkey::token {

namespace {

// How many of a user's oldest tokens are searched for any that have timed out unnoticed.
constexpr std::size_t kMaxSweep = 1024;

auto ended_during_login() {
  return failure(ErrorCode::kCancelled, "the user's tokens were ended during the login");
}

auto counts_no_more() {
  return failure(ErrorCode::kCancelled, "the user may not log in any more with that password");
}

}  // namespace

runtime::Task<Result<Login>> Shard::login(LoginRequest request) {
  LATCHKEY_ASSERT(shard_of(keyring_->tag_of(request.user_id), shards_) == number_);
  const std::int64_t user_id = request.user_id;
  const std::int64_t password_number = request.password_number;
  LATCHKEY_AWAIT(Result<Login> login, obtain(std::move(request)));
  if (!login || login->is_new) co_return login;
  // The token is valid by the password of the login that made it. It is not this login's to end.
  LATCHKEY_CO_TRY(const Standing standing, login_check_.standing_of(user_id, password_number));
  if (!standing.holds) co_return counts_no_more();
  // The token has a profile as new, unless a change could not be told to this shard.
  static_cast<void>(set_profile(user_id, standing.profile));
  co_return login;
}

Result<bool> Shard::set_profile(std::int64_t user_id, const ProfileParts& profile) {
  if (profile.number == 0) return true;
  if (!table_->can_retire()) table_->collect();
  if (!table_->can_retire()) return failure(ErrorCode::kOverloaded, "too much memory waits to be freed");
  if (table_->set_profile(user_id, profile)) return true;
  return failure(ErrorCode::kOverloaded, "there is no memory for the user's groups and details");
}

/// Returns a token that was made for another login, or a new one that the login check has passed.
runtime::Task<Result<Login>> Shard::obtain(LoginRequest request) {
  while (true) {
    const EntryId found = table_->find_bound(request.user_id, request.binding);
    if (std::shared_ptr<LoginUnderWay> same = found == 0 ? nullptr : logins_.of_entry(found)) {
      LATCHKEY_AWAIT(std::optional<Result<Login>> shared, LoginsUnderWay::outcome_of(std::move(same)));
      if (!shared) continue;
      co_return std::move(*shared);
    }
    if (found != 0) {
      const std::optional<Login> login = refreshed(found, clock_.now());
      if (login) co_return *login;
      if (!table_->can_retire()) {
        co_return failure(ErrorCode::kOverloaded, "too much memory waits to be freed");
      }
    }
    // With a limit, a user has one login under way at a time: two would choose the same tokens to end.
    const std::shared_ptr<LoginUnderWay> other =
        settings_.tokens_per_user == 0 ? nullptr : logins_.of_user(request.user_id);
    if (other == nullptr) break;
    co_await other->wait();
  }
  LATCHKEY_CO_RETURN(new_login(std::move(request)));
}

/// Returns the live token with its time moved to now. If it has timed out, returns nothing and marks it dead,
/// provided that anything may die.
std::optional<Login> Shard::refreshed(EntryId id, TableTime now) {
  Entry& entry = table_->entry(id);
  State state = entry.state();
  while (state.life() == Life::kLive && !table_->is_timed_out(state, now)) {
    // To the millisecond, not to the second as in a check: the answer says when the token expires.
    if (state.last_used() >= now) return login_of(id, false);
    const State used = state.used_at(now, table_->lag_step_ms());
    if (!entry.change(state, used)) continue;
    if (used.is_save_due()) writes_.save(*table_, id);
    return login_of(id, false);
  }
  if (state.life() == Life::kLive && table_->can_retire()) expire(id, state);
  return std::nullopt;
}

runtime::Task<Result<Login>> Shard::new_login(LoginRequest request) {
  const store::SessionId session_id = random_.bytes<sizeof(store::SessionId)>();
  // Read once, because the key may be rotated meanwhile.
  const std::uint8_t key_number = keyring_->signing_number();
  const Token token(keyring_->tag_of(request.user_id), keyring_->sign(key_number, session_id));
  LATCHKEY_CO_TRY_NOW(const EntryId added, add_pending(request, token, key_number));

  const std::shared_ptr<LoginUnderWay> pending = logins_.add(request.user_id, added);
  LATCHKEY_AWAIT(const Result<Login> result, complete_pending(*pending, std::move(request), session_id));
  pending->finish(result, ready_);
  co_return result;
}

runtime::Task<Result<Login>> Shard::complete_pending(LoginUnderWay& pending, LoginRequest request,
                                                     store::SessionId id) {
  LATCHKEY_AWAIT(const Result<void> checked, check_pending(pending, request.password_number));
  if (!checked) {
    drop_pending(pending);
    co_return tl::unexpected<Error>(checked.error());
  }
  LATCHKEY_CO_RETURN(write_pending(pending, std::move(request), id));
}

/// Runs before anything is written, while `end_all` and `set_profile` can find the login. A later change of
/// the password ends the token, and a later profile reaches it; earlier ones are seen here.
runtime::Task<Result<void>> Shard::check_pending(LoginUnderWay& pending, std::int64_t password_number) {
  LATCHKEY_AWAIT(const Result<Standing> standing,
                 login_check_.standing_of(pending.user_id(), password_number));
  if (pending.is_ended()) co_return ended_during_login();
  if (!standing) co_return tl::unexpected<Error>(standing.error());
  if (!standing->holds) {
    pending.refuse();
    co_return counts_no_more();
  }
  LATCHKEY_CO_TRY_NOW(set_profile(pending.user_id(), standing->profile));
  co_return Result<void>();
}

runtime::Task<Result<Login>> Shard::write_pending(LoginUnderWay& pending, LoginRequest request,
                                                  store::SessionId id) {
  const TableTime asked = clock_.now();
  const std::vector<Victim> victims = choose_victims(request.user_id, asked);
  LATCHKEY_AWAIT(const Result<store::RowId> row,
                 store_.record_login(record_of(std::move(request), id, pending.entry(), victims, asked)));
  if (!row) {
    drop_pending(pending);
    co_return tl::unexpected<Error>(row.error());
  }
  logins_.remove(pending);
  newest_row_ = std::max(newest_row_, *row);
  for (const Victim& victim : victims) end_victim(victim);
  if (!pending.is_ended()) co_return commit(pending.entry(), *row, asked);
  LATCHKEY_CO_RETURN(end_pending(pending, *row));
}

/// Removes all traces of the login.
/// Requires: the store does not have it.
void Shard::drop_pending(const LoginUnderWay& pending) {
  logins_.remove(pending);
  table_->leave_user(pending.entry());
  table_->remove(pending.entry());
}

Result<EntryId> Shard::add_pending(const LoginRequest& request, const Token& token, std::uint8_t key_number) {
  if (request.user_name.size() > UserRecord::kMaxNameBytes) {
    return failure(ErrorCode::kInvalid, "the user's name is too long");
  }
  if (logins_.is_full() || !table_->can_retire()) {
    metrics_.logins_refused.add();
    return failure(ErrorCode::kOverloaded, "too many logins are under way");
  }
  if (table_->entries() - tombstones_.count() >= settings_.max_tokens) {
    metrics_.logins_refused.add();
    return failure(ErrorCode::kOverloaded, "there are as many tokens as the setting `tokens` allows");
  }
  const EntryId id = table_->add({token, request.binding, request.user_id, request.user_name, key_number});
  if (id != 0) return id;
  metrics_.logins_refused.add();
  return failure(ErrorCode::kOverloaded, "there is no memory for another token");
}

/// The oldest tokens that must go to stay within the limit. The new token is in the user's list already.
std::vector<Shard::Victim> Shard::choose_victims(std::int64_t user_id, TableTime now) {
  std::vector<Victim> victims;
  const std::size_t limit = settings_.tokens_per_user;
  if (limit == 0) return victims;
  UserTokens tokens = table_->tokens_of(user_id);
  EntryId id = tokens.first;
  for (std::size_t steps = 0; steps < kMaxSweep && id != 0 && tokens.count > limit; ++steps) {
    const EntryId next = table_->entry(id).next();
    const State state = table_->entry(id).state();
    // One that timed out unnoticed is not counted, and must not displace a live one.
    if (state.life() == Life::kLive && table_->is_timed_out(state, now) && table_->can_retire()) {
      if (expire(id, state)) tokens = table_->tokens_of(user_id);
    }
    id = next;
  }
  const std::size_t excess = tokens.count > limit ? tokens.count - limit : 0;
  for (id = tokens.first; id != 0 && victims.size() < std::min(excess, kMaxDeathsAtOnce);
       id = table_->entry(id).next()) {
    const State state = table_->entry(id).state();
    if (state.life() == Life::kLive) victims.push_back({id, state.generation()});
  }
  return victims;
}

store::LoginRecord Shard::record_of(LoginRequest request, const store::SessionId& id, EntryId entry,
                                    const std::vector<Victim>& victims, TableTime now) const {
  store::LoginRecord record;
  record.session.id = id;
  record.session.lookup = keyring_->lookup_hash(table_->token_of(entry));
  record.session.user_id = request.user_id;
  record.session.user_name = std::move(request.user_name);
  record.session.binding = request.binding;
  record.session.key_number = table_->entry(entry).key_number();
  record.session.created = wall_time(now);
  record.session.last_used = wall_time(now);
  record.session.address = std::move(request.address);
  record.session.agent = std::move(request.agent);
  record.deaths.reserve(victims.size());
  for (const Victim& victim : victims) {
    record.deaths.push_back({table_->entry(victim.id).row(), store::Death::kLimit, wall_time(now)});
  }
  return record;
}

/// The store has the victim's death. In memory it may have died for another reason meanwhile.
void Shard::end_victim(const Victim& victim) {
  const State state = table_->entry(victim.id).state();
  if (state.life() == Life::kLive && state.generation() == victim.generation) {
    kill(victim.id, state, Life::kLimit, clock_.now());
    metrics_.ended_by_limit.add();
  }
}

/// The store recorded the time of the request. A commit that took long is a use of its own.
Login Shard::commit(EntryId id, store::RowId row, TableTime asked) {
  const TableTime now = clock_.now();
  const bool late = now - asked >= kRefreshStep;
  table_->make_live(id, row, late ? now : asked, late ? Table::Stored::kNotYet : Table::Stored::kExactly);
  file(id, now);
  return login_of(id, true);
}

/// The user's tokens were ended while this login was under way. Its token never comes alive.
runtime::Task<Result<Login>> Shard::end_pending(const LoginUnderWay& pending, store::RowId row) {
  const TableTime now = clock_.now();
  Entry& entry = table_->entry(pending.entry());
  entry.set_row(row);
  kill(pending.entry(), entry.state(), life_of(pending.ended_by()), now);
  std::vector<store::SessionDeath> deaths{{row, pending.ended_by(), wall_time(now)}};
  LATCHKEY_CO_TRY(writes_.write_deaths(std::move(deaths)));
  co_return ended_during_login();
}

Login Shard::login_of(EntryId id, bool is_new) const noexcept {
  const TableTime last_used = table_->entry(id).state().last_used();
  return {table_->token_of(id), wall_time(last_used + settings_.timeout), is_new};
}

}  // namespace latchkey::token
