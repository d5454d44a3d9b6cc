// What a starting process finds on the disk of the last one: all that was promised, and nothing else.
#include <algorithm>

#include "model.h"
#include "report.h"

namespace latchkey::sim {

using token::table_time;

void Model::restarted(const std::vector<store::Session>& rows, bool clean) {
  std::map<store::RowId, const store::Session*> on_disk;
  std::set<store::RowId> living;
  for (const store::Session& row : rows) {
    on_disk[row.row] = &row;
    if (row.death == store::Death::kNone) living.insert(row.row);
  }
  follow_calendar(on_disk);
  // Later than every record on disk, wherever the wall clock stood when it was made.
  if (!clean) exact_since_ = now_;
  for (const store::Session& row : rows) {
    if (!clean) exact_since_ = std::max(exact_since_, table_time(row.last_used).ms + 1);
  }
  if (clean && !pending_.empty()) Report::broken("a stop was clean with logins under way");
  // Take in the pending logins first: the deaths that they caused then have a cause.
  for (const store::Session& row : rows) {
    if (!sessions_.contains(row.row)) adopt_pending(row, living, clean);
  }
  std::vector<store::RowId> lost;
  for (auto& [row, session] : sessions_) {
    const auto found = on_disk.find(row);
    if (found == on_disk.end()) {
      if (!session.forgetting) Report::broken("row {} is lost", row);
      lost.push_back(row);
    } else {
      adopt(session, *found->second, clean);
    }
  }
  for (const store::RowId row : lost) lose(row);
  requests_.clear();
  profiles_.restarting();
  enables_underway_.clear();
  pending_.clear();
  deaths_.clear();
  refreshes_.clear();
  forgets_.clear();
  // A crash brings back what had timed out in memory only.
  if (clean) return;
  std::map<std::int64_t, std::size_t> tokens;
  for (const auto& [row, session] : sessions_) {
    if (may_live(session) && ++tokens[session.user] > plan_.tokens_per_user) over_limit_.insert(session.user);
  }
}

/// If the wall clock was set, a start moves all recorded times by the same amount.
void Model::follow_calendar(const std::map<store::RowId, const store::Session*>& on_disk) {
  moved_ms_.reset();
  const auto compare = [this](const store::Session& row, std::int64_t created) {
    const std::int64_t moved_ms = table_time(row.created).ms - created;
    if (moved_ms_.value_or(moved_ms) != moved_ms) {
      Report::broken("row {} was moved by {} ms, and others by {} ms", row.row, moved_ms, *moved_ms_);
    }
    moved_ms_ = moved_ms;
  };
  for (const auto& [number, row] : on_disk) {
    if (const Session* const session = find(number)) compare(*row, session->created);
    for (const auto& [id, login] : pending_) {
      if (login.id == row->id) compare(*row, login.asked);
    }
  }
  const std::int64_t by_ms = moved_ms_.value_or(0);
  for (auto& [row, session] : sessions_) {
    for (std::int64_t* const time :
         {&session.created, &session.used_least, &session.used_most, &session.seen_use, &session.saved_least,
          &session.saved_most, &session.died}) {
      *time += by_ms;
    }
  }
  for (auto& [id, login] : pending_) login.asked += by_ms;
  exact_since_ += by_ms;
  stopped_ += by_ms;
}

void Model::adopt_pending(const store::Session& row, const std::set<store::RowId>& living, bool clean) {
  const auto found = std::find_if(pending_.begin(), pending_.end(),
                                  [&row](const auto& item) { return item.second.id == row.id; });
  if (clean || found == pending_.end()) Report::broken("row {} comes from nowhere", row.row);
  const PendingLogin& login = found->second;
  for (const store::SessionDeath& death : login.deaths) {
    Session* const victim = find(death.row);
    if (victim == nullptr) continue;
    if (living.contains(death.row))
      Report::broken("row {} is there, and row {} did not die", row.row, death.row);
    victim->deaths_asked.insert(death.reason);
  }
  Session& session = sessions_[row.row];
  session.row = row.row;
  session.token = login.token;
  session.id = login.id;
  session.user = login.user;
  session.binding = login.binding;
  session.created = login.asked;
  session.used_least = session.used_most = session.seen_use = login.asked;
  session.saved_least = session.saved_most = login.asked;
}

void Model::adopt(Session& session, const store::Session& row, bool clean) {
  const std::int64_t saved = table_time(row.last_used).ms;
  const bool is_dead = row.death != store::Death::kNone;
  if (is_dead && !session.deaths_asked.contains(row.death)) {
    Report::broken("row {} died of {} on disk alone", row.row, static_cast<int>(row.death));
  }
  const bool must_be_dead = session.death_saved || (clean && session.death != store::Death::kNone);
  if (must_be_dead && !is_dead) Report::broken("the death of row {} is undone", row.row);
  if (!is_dead && (saved < session.saved_least || saved > session.saved_most)) {
    Report::broken("row {} is saved as used at {}, and that was from {} to {}", row.row, saved,
                   session.saved_least, session.saved_most);
  }
  // After a clean stop a token has the time that it had left, if any. It must also have had some by the clock
  // of that stop, which may have been ahead of the present one.
  const bool had_time_left = stopped_ <= session.used_least + plan_.timeout_ms;
  const bool is_kept = clean && had_time_left && surely_lives(session);
  if (is_kept && !is_dead && saved <= session.seen_use - kRefreshStepMs) {
    Report::broken("row {} was used at {}, and a clean stop left it as used at {}", row.row, session.seen_use,
                   saved);
  }
  session.death = row.death;
  // If the clock was set back, the disk has times in the future: they are taken as now.
  session.died = std::min(now_, table_time(row.died).ms);
  session.deaths_asked.clear();
  if (is_dead) session.deaths_asked.insert(row.death);
  session.death_saved = is_dead;
  session.forgetting = false;
  session.may_end = false;
  session.is_of_this_run = false;
  session.may_have_expired = false;
  session.saved_least = session.saved_most = saved;
  const std::int64_t recorded = std::min(now_, saved);
  if (saved >= exact_since_) {
    session.used_most = std::min(now_, std::max(session.seen_use, saved));
    session.seen_use = is_kept ? session.used_most : recorded;
    session.used_least = session.seen_use;
    return;
  }
  // A token that nobody was given may come back: nobody can use it.
  if (!clean && !session.is_known) session.never_again = false;
  session.seen_use = recorded;
  // No later than the start that followed the crash: since then the disk has every use.
  const std::int64_t started = std::min(now_, exact_since_);
  const std::int64_t given = std::min(recorded + plan_.period_ms(), started - kRefreshStepMs);
  session.used_least = std::max(recorded, given);
  session.used_most = std::max(recorded, std::min(recorded + plan_.period_ms(), started));
}

void Model::forgetting_at_start(const std::vector<store::RowId>& rows) {
  for (const store::RowId row : rows) {
    Session* const session = find(row);
    if (session == nullptr) Report::broken("row {} is forgotten at a start and was not there", row);
    check_forgettable(*session);
    session->forgetting = true;
  }
}

void Model::forgotten_at_start(const std::vector<store::RowId>& rows) {
  for (const store::RowId row : rows) lose(row);
}

}  // namespace latchkey::sim
