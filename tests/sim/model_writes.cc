// What the shards have the store write. Each write must have a cause and must agree with what is in memory.
#include <algorithm>

#include "model.h"
#include "report.h"

namespace latchkey::sim {

using token::table_time;

namespace {

bool contains(const std::vector<store::SessionDeath>& deaths, store::RowId row) {
  return std::any_of(deaths.begin(), deaths.end(), [row](const auto& death) { return death.row == row; });
}

}  // namespace

Session* Model::find(store::RowId row) noexcept {
  const auto found = sessions_.find(row);
  return found == sessions_.end() ? nullptr : &found->second;
}

Session* Model::find(const token::Token& token) noexcept {
  for (auto& [row, session] : sessions_) {
    if (session.token == token) return &session;
  }
  return nullptr;
}

void Model::check_answered(std::uint32_t shard, std::int64_t user) {
  std::multiset<std::int64_t>& users = checks_[shard];
  users.erase(users.find(user));
}

WriteId Model::login_asked(const store::LoginRecord& record, const token::Token& token) {
  if (!watching_) return 0;
  const store::Session& asked = record.session;
  for (const auto& [row, session] : sessions_) {
    if (session.user == asked.user_id && session.binding == asked.binding && surely_lives(session)) {
      Report::broken("row {} lives, and its user gets a second token from the same place", row);
    }
  }
  for (const auto& [id, login] : pending_) {
    if (login.user == asked.user_id && login.binding == asked.binding) {
      Report::broken("user {} gets two tokens from one place at once", login.user);
    }
  }
  check_victims(record);
  const WriteId id = next_id_++;
  Report::trace("  write {}: a login of user {} and {} deaths", id, asked.user_id, record.deaths.size());
  pending_[id] = {.id = asked.id,
                  .token = token,
                  .user = asked.user_id,
                  .binding = asked.binding,
                  .asked = table_time(asked.last_used).ms,
                  .deaths = record.deaths};
  return id;
}

/// C-21: the oldest of the living tokens die, as many as exceed the limit, and no others.
void Model::check_victims(const store::LoginRecord& record) const {
  const std::size_t limit = plan_.tokens_per_user;
  std::size_t may_live_now = 0;
  std::size_t are_left = 0;
  store::RowId oldest_left = store::kMaxRowId;
  store::RowId newest_victim = 0;
  for (const auto& [row, session] : sessions_) {
    if (session.user != record.session.user_id) continue;
    const bool is_victim = contains(record.deaths, row);
    if (is_victim && !may_live(session)) Report::broken("row {} dies by the limit and was dead", row);
    if (is_victim) newest_victim = std::max(newest_victim, row);
    if (may_live(session)) ++may_live_now;
    if (is_victim || !surely_lives(session)) continue;
    ++are_left;
    oldest_left = std::min(oldest_left, row);
  }
  const std::size_t victims = record.deaths.size();
  if (limit == 0) {
    if (victims > 0) Report::broken("{} tokens die by a limit that there is not", victims);
    return;
  }
  if (are_left + 1 > limit) {
    Report::broken("user {} has {} tokens beside a new one, and {} are allowed", record.session.user_id,
                   are_left, limit);
  }
  if (victims > 0 && victims + limit > may_live_now + 1) {
    Report::broken("{} tokens of {} die by a limit of {}", victims, may_live_now, limit);
  }
  if (newest_victim > oldest_left) {
    Report::broken("row {} dies by the limit before row {}, which is older", newest_victim, oldest_left);
  }
}

void Model::login_written(WriteId id, const Result<store::RowId>& row) {
  if (!watching_) return;
  const PendingLogin login = pending_.at(id);
  pending_.erase(id);
  Report::trace("  write {} of a login: {}", id, row ? fmt::format("row {}", *row) : row.error().text);
  if (!row) return;
  for (const auto& [other, session] : sessions_) {
    if (session.user == login.user && other >= *row) {
      Report::broken("user {} got row {} after row {}", login.user, *row, other);
    }
  }
  Session& session = sessions_[*row];
  session.row = *row;
  session.token = login.token;
  session.id = login.id;
  session.user = login.user;
  session.binding = login.binding;
  session.created = login.asked;
  session.used_least = session.seen_use = login.asked;
  session.used_most = now_;
  session.saved_least = session.saved_most = login.asked;
  session.never_again = login.ended_meanwhile;
  session.may_end = login.may_end;
  session.is_of_this_run = true;
  over_limit_.erase(login.user);
  for (const store::SessionDeath& death : login.deaths) {
    Session* const victim = find(death.row);
    if (victim == nullptr) continue;
    victim->deaths_asked.insert(death.reason);
    victim->death_saved = true;
    if (victim->death != store::Death::kNone) continue;
    victim->may_have_expired = !surely_lives(*victim);
    victim->death = death.reason;
    victim->died = now_;
  }
}

WriteId Model::deaths_asked(const std::vector<store::SessionDeath>& deaths) {
  if (!watching_) return 0;
  for (const store::SessionDeath& death : deaths) {
    Session* const session = find(death.row);
    if (session == nullptr) continue;  // the store has since been asked to forget it
    if (session->death == store::Death::kNone) {
      check_cause(*session, death.reason);
      session->death = death.reason;
      session->died = table_time(death.at).ms;
    } else if (session->death != death.reason && !session->deaths_asked.contains(death.reason) &&
               !(session->may_have_expired && death.reason == store::Death::kExpired)) {
      Report::broken("row {} is dead and dies once more, of {}", session->row,
                     static_cast<int>(death.reason));
    }
    session->deaths_asked.insert(death.reason);
  }
  const WriteId id = next_id_++;
  for (const store::SessionDeath& death : deaths) {
    Report::trace("  write {}: row {} dies of {}", id, death.row, static_cast<int>(death.reason));
  }
  deaths_[id] = deaths;
  return id;
}

/// What the end of all finds on disk, beyond what it ended in memory, had timed out in memory.
WriteId Model::user_death_asked(const store::UserDeath& death) {
  if (!watching_) return 0;
  const WriteId id = next_id_++;
  Report::trace("  write {}: all of user {} up to row {} die of {}", id, death.user_id, death.last_row,
                static_cast<int>(death.reason));
  std::vector<store::SessionDeath>& meant = deaths_[id];
  for (auto& [row, session] : sessions_) {
    const bool is_meant = session.user == death.user_id && row <= death.last_row && row != death.kept_row;
    if (!is_meant || session.death_saved) continue;
    if (session.death == store::Death::kNone) check_cause(session, death.reason);
    session.deaths_asked.insert(death.reason);
    meant.push_back({row, death.reason, death.at});
  }
  return id;
}

/// Nothing dies that nobody wanted to end.
void Model::check_cause(const Session& session, store::Death reason) const {
  if (session.never_again || session.may_end) return;
  if (reason == store::Death::kExpired && !surely_lives(session)) return;
  for (const auto& [id, request] : requests_) {
    const bool ends_it = request.kind == Request::Kind::kEnd && request.token == session.token &&
                         request.binding == session.binding && reason == store::Death::kDeleted;
    const bool ends_all = request.kind == Request::Kind::kEndAll && request.user == session.user &&
                          request.token != session.token && reason == request.reason;
    if (ends_it || ends_all) return;
  }
  Report::broken("row {} dies of {}, and nobody asked for it", session.row, static_cast<int>(reason));
}

void Model::deaths_written(WriteId id, const Result<bool>& written) {
  if (!watching_) return;
  Report::trace("  write {} of deaths: {}", id, written ? "done" : written.error().text);
  for (const store::SessionDeath& death : deaths_.at(id)) {
    Session* const session = find(death.row);
    if (session != nullptr && written) session->death_saved = true;
  }
  deaths_.erase(id);
}

WriteId Model::refreshes_asked(const std::vector<store::SessionRefresh>& refreshes) {
  if (!watching_) return 0;
  for (const store::SessionRefresh& refresh : refreshes) {
    Session* const session = find(refresh.row);
    if (session == nullptr) continue;
    const std::int64_t used = table_time(refresh.last_used).ms;
    const std::int64_t most = login_underway(*session) ? now_ : session->used_most;
    if (used > most) {
      Report::broken("row {} is saved as used at {}, and its last use was at {}", refresh.row, used, most);
    }
    session->saved_most = std::max(session->saved_most, used);
  }
  const WriteId id = next_id_++;
  for (const store::SessionRefresh& refresh : refreshes) {
    Report::trace("  write {}: row {} was used at {}", id, refresh.row, table_time(refresh.last_used).ms);
  }
  refreshes_[id] = refreshes;
  return id;
}

void Model::refreshes_written(WriteId id, const Result<bool>& written) {
  if (!watching_) return;
  Report::trace("  write {} of uses: {}", id, written ? "done" : written.error().text);
  for (const store::SessionRefresh& refresh : refreshes_.at(id)) {
    Session* const session = find(refresh.row);
    if (session == nullptr || !written) continue;
    session->saved_least = std::max(session->saved_least, table_time(refresh.last_used).ms);
  }
  refreshes_.erase(id);
}

WriteId Model::forget_asked(const std::vector<store::RowId>& rows) {
  if (!watching_) return 0;
  for (const store::RowId row : rows) {
    Session* const session = find(row);
    if (session == nullptr) Report::broken("row {} is forgotten and was not there", row);
    check_forgettable(*session);
    session->forgetting = true;
    Report::trace("  row {} is to be forgotten", row);
  }
  const WriteId id = next_id_++;
  forgets_[id] = rows;
  return id;
}

void Model::check_forgettable(const Session& session) const {
  if (surely_lives(session)) Report::broken("row {} is forgotten and lives", session.row);
  if (may_be_unknown(session)) return;
  Report::broken("row {} is forgotten {} ms after its death", session.row, now_ - least_death(session));
}

void Model::forget_written(WriteId id, const Result<bool>& written) {
  if (!watching_) return;
  if (written) {
    for (const store::RowId row : forgets_.at(id)) lose(row);
  }
  forgets_.erase(id);
}

void Model::lose(store::RowId row) {
  constexpr std::size_t kRemembered = 1000;
  const auto found = sessions_.find(row);
  if (found == sessions_.end()) return;
  if (forgotten_.size() == kRemembered) forgotten_.pop_front();
  forgotten_.push_back(found->second);
  sessions_.erase(found);
}

}  // namespace latchkey::sim
