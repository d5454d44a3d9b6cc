// What a check may say at a given moment, and how many tokens there may be in all.
#include <algorithm>
#include <set>

#include "model.h"
#include "report.h"

namespace latchkey::sim {

using token::Outcome;

namespace {

Outcome outcome_of(store::Death death) noexcept {
  switch (death) {
    case store::Death::kLimit:
      return Outcome::kLimit;
    case store::Death::kInactive:
      return Outcome::kInactive;
    default:
      return Outcome::kExpired;
  }
}

}  // namespace

bool Model::login_underway(const Session& session) const noexcept {
  for (const auto& [id, request] : requests_) {
    if (request.kind == Request::Kind::kLogin && request.user == session.user &&
        request.binding == session.binding) {
      return true;
    }
  }
  return false;
}

/// A token lives for at least its timeout after its last use.
bool Model::surely_lives(const Session& session) const noexcept {
  return session.death == store::Death::kNone && now_ <= session.used_least + plan_.timeout_ms;
}

/// It lives for at most a second more. A login may have used it in the meantime.
bool Model::may_live(const Session& session) const noexcept {
  return session.death == store::Death::kNone &&
         (now_ < session.used_most + plan_.timeout_ms + kRefreshStepMs || login_underway(session));
}

/// The earliest moment at which it may be reported as timed out.
std::int64_t Model::least_expiry(const Session& session) const noexcept {
  return session.used_least - kRefreshStepMs + plan_.timeout_ms;
}

std::int64_t Model::least_death(const Session& session) const noexcept {
  if (session.death == store::Death::kNone) return least_expiry(session);
  return session.may_have_expired ? std::min(session.died, least_expiry(session)) : session.died;
}

/// C-33: a reason is kept for one timeout, unless the bound is reached.
bool Model::may_be_unknown(const Session& session) const noexcept {
  if (surely_lives(session)) return false;
  return now_ - least_death(session) > plan_.timeout_ms || plan_.forgets_early();
}

void Model::checked(const Session& seen, bool from_its_place, Outcome outcome, std::int64_t pass) {
  Session& session = sessions_.at(seen.row);
  const auto told = static_cast<int>(outcome);
  if (!from_its_place) {
    if (outcome != Outcome::kUnknown) Report::broken("row {} answers {} from elsewhere", session.row, told);
    return;
  }
  const bool is_dead = session.death != store::Death::kNone;
  if (outcome == Outcome::kAdmitted) {
    if (session.never_again) Report::broken("row {} admits after its end was answered", session.row);
    if (is_dead) Report::broken("row {} admits and is dead", session.row);
    // The pass began a little before now, and goes by its own time.
    const bool is_late = pass >= session.used_most + plan_.timeout_ms + kRefreshStepMs;
    if (is_late && !login_underway(session)) {
      Report::broken("row {} admits {} ms after its last use", session.row, pass - session.used_most);
    }
    session.used_least = std::max(session.used_least, pass);
    session.used_most = std::max(session.used_most, pass);
    session.seen_use = std::max(session.seen_use, pass);
    return;
  }
  if (surely_lives(session)) Report::broken("row {} lives and answers {}", session.row, told);
  if (outcome == Outcome::kUnknown) {
    if (may_be_unknown(session)) return;
    Report::broken("row {} is unknown {} ms after its death", session.row, now_ - least_death(session));
  }
  if (session.forgetting) Report::broken("row {} is forgotten and answers {}", session.row, told);
  const Outcome reason = is_dead ? outcome_of(session.death) : Outcome::kExpired;
  if (outcome != reason && !(session.may_have_expired && outcome == Outcome::kExpired)) {
    Report::broken("row {} answers {} and died of {}", session.row, told, static_cast<int>(session.death));
  }
}

void Model::checked_pending(const PendingLogin& login, Outcome outcome) const {
  if (outcome != Outcome::kUnknown) {
    Report::broken("a token of user {} answers {} before it is durable", login.user,
                   static_cast<int>(outcome));
  }
}

void Model::checked_forgotten(const Session& session, Outcome outcome) const {
  if (outcome != Outcome::kUnknown) {
    Report::broken("row {} is gone and answers {}", session.row, static_cast<int>(outcome));
  }
}

Model::Bounds Model::bounds(std::uint32_t number, std::uint32_t shards) const {
  Bounds bounds;
  std::set<std::int64_t> least;
  std::set<std::int64_t> most;
  for (const auto& [row, session] : sessions_) {
    if (token::shard_of(session.token.tag(), shards) != number) continue;
    if (surely_lives(session)) {
      ++bounds.least_live;
      least.insert(session.user);
    }
    if (session.death == store::Death::kNone && !session.forgetting) {
      ++bounds.most_live;
      most.insert(session.user);
    }
  }
  for (const auto& [id, login] : pending_) {
    if (token::shard_of(login.token.tag(), shards) != number) continue;
    ++bounds.least_live;
    ++bounds.most_live;
    least.insert(login.user);
    most.insert(login.user);
  }
  if (const auto checks = checks_.find(number); checks != checks_.end()) {
    bounds.most_live += checks->second.size();
    most.insert(checks->second.begin(), checks->second.end());
  }
  bounds.least_users = least.size();
  bounds.most_users = most.size();
  return bounds;
}

std::optional<std::size_t> Model::most_tokens(std::int64_t user) const {
  if (plan_.tokens_per_user == 0 || over_limit_.contains(user)) return std::nullopt;
  return plan_.tokens_per_user + 1;
}

std::map<store::RowId, std::int64_t> Model::uses() const {
  std::map<store::RowId, std::int64_t> uses;
  for (const auto& [row, session] : sessions_) {
    if (surely_lives(session)) uses[row] = session.seen_use;
  }
  return uses;
}

void Model::expect_saved(const std::map<store::RowId, std::int64_t>& uses) const {
  for (const auto& [row, use] : uses) {
    const auto found = sessions_.find(row);
    if (found == sessions_.end() || !surely_lives(found->second)) continue;
    if (found->second.saved_least <= use - plan_.period_ms() - kRefreshStepMs) {
      Report::broken("row {} was used at {} and is still saved as used at {}", row, use,
                     found->second.saved_least);
    }
  }
}

}  // namespace latchkey::sim
