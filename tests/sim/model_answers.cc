// What clients are answered. Each answer is a promise, and none may break another.
#include <algorithm>

#include "model.h"
#include "report.h"

namespace latchkey::sim {

using token::table_time;

RequestId Model::begin(Request request) {
  request.began = now_;
  request.troubles = troubles_;
  request.upsets = upsets_[request.user];
  for (const auto& [row, session] : sessions_) {
    if (session.user == request.user) request.newest_row = row;
  }
  for (const auto& [id, login] : pending_) {
    if (login.user == request.user) request.underway.push_back(login.id);
  }
  // A login that joins an earlier one shares its fate, and the trouble that the earlier one has already met.
  for (const auto& [other, earlier] : requests_) {
    if (earlier.user == request.user) request.troubles = std::min(request.troubles, earlier.troubles);
  }
  const RequestId id = next_id_++;
  Report::trace("  request {} of user {}: {}", id, request.user, static_cast<int>(request.kind));
  requests_[id] = std::move(request);
  return id;
}

Request Model::take(RequestId id) {
  const auto found = requests_.find(id);
  if (found == requests_.end()) Report::broken("a request that was never asked is answered");
  Request request = std::move(found->second);
  requests_.erase(found);
  Report::trace("  request {} is answered", id);
  return request;
}

/// An error must have a cause: a disk that refused, a bound that was reached, or somebody who ends the user's
/// tokens.
void Model::check_error(const Request& request, const Error& error) {
  switch (error.code) {
    case ErrorCode::kUnavailable:
      if (troubles_ > request.troubles) return;
      break;
    case ErrorCode::kOverloaded:
      if (plan_.is_tight() || plan_.messages_per_way < kRequestsAtOnce) return;
      break;
    case ErrorCode::kCancelled:
      if (request.kind != Request::Kind::kLogin) break;
      if (upsets_[request.user] != request.upsets || upsets_underway_[request.user] > 0) return;
      break;
    case ErrorCode::kNotFound:
      return;  // the password is no longer the user's
    default:
      break;
  }
  Report::broken("a request of user {} fails without a cause: {}", request.user, error.text);
}

void Model::login_answered(RequestId id, const Result<token::Login>& login, std::int64_t password_number) {
  if (!watching_) return;
  const Request request = take(id);
  if (!login) {
    for (auto& [row, session] : sessions_) {
      if (session.user != request.user || session.binding != request.binding) continue;
      // It may have used the living token all the same.
      session.used_most = now_;
      const bool is_nobodys = session.is_of_this_run && !session.is_known && !login_underway(session);
      if (is_nobodys && surely_lives(session)) Report::broken("row {} lives, and nobody was given it", row);
    }
    return check_error(request, login.error());
  }
  Session* const session = find(login->token);
  if (session == nullptr) {
    // The token may end while the answer is on its way.
    const bool is_gone = std::any_of(forgotten_.begin(), forgotten_.end(),
                                     [&](const Session& gone) { return gone.token == login->token; });
    if (!is_gone) Report::broken("user {} is given a token that no row has", request.user);
    return;
  }
  if (session->user != request.user || session->binding != request.binding) {
    Report::broken("user {} is given the token of row {}, another's", request.user, session->row);
  }
  session->is_known = true;
  const bool is_dead = session->death != store::Death::kNone;
  if (is_dead && session->died < request.began) {
    Report::broken("user {} is given the token of row {}, which was dead", request.user, session->row);
  }
  // A login shares the token of one that began before it. It is then a use of less than a second before it
  // began.
  const std::int64_t used = table_time(login->expires).ms - plan_.timeout_ms;
  if (used <= request.began - kRefreshStepMs || used > now_) {
    Report::broken("row {}: a login from {} to {} is answered as a use at {}", session->row, request.began,
                   now_, used);
  }
  session->used_least = std::max(session->used_least, used);
  session->used_most = std::max(session->used_most, used);
  session->seen_use = std::max(session->seen_use, used);
  if (!surely_lives(*session)) return;
  if (password_number < password_numbers_[request.user] && !session->outlived_a_password) {
    Report::broken("row {} lives by a password that was changed", session->row);
  }
  if (disabled_.contains(request.user)) {
    Report::broken("row {} lives and its user {} is disabled", session->row, request.user);
  }
}

void Model::end_answered(RequestId id, const Result<bool>& ended) {
  if (!watching_) return;
  const Request request = take(id);
  if (!ended) return check_error(request, ended.error());
  Session* const session = find(request.token);
  // A token whose reason is forgotten gets no reason, whatever ended it.
  if (session == nullptr || session->binding != request.binding || may_be_unknown(*session)) return;
  if (session->death == store::Death::kNone && surely_lives(*session)) {
    Report::broken("row {} lives, and its end is answered", session->row);
  }
  if (session->death != store::Death::kNone && !session->death_saved) {
    Report::broken("row {}: its end is answered and not on disk", session->row);
  }
  session->never_again = true;
}

void Model::nothing_ended(RequestId id) {
  if (watching_) take(id);
}

void Model::end_all_answered(RequestId id, const Result<std::size_t>& ended) {
  if (!watching_) return;
  const Request request = take(id);
  for (auto& [write, login] : pending_) {
    if (login.user == request.user) login.may_end = true;
  }
  if (!ended) return check_error(request, ended.error());
  const auto was_underway = [&request](const store::SessionId& session) {
    return std::find(request.underway.begin(), request.underway.end(), session) != request.underway.end();
  };
  for (auto& [row, session] : sessions_) {
    if (session.token == request.token) session.outlived_a_password = true;
    const bool was_there = row <= request.newest_row;
    const bool is_meant = session.user == request.user && session.token != request.token &&
                          (was_there || was_underway(session.id));
    if (!is_meant) continue;
    if (session.death == store::Death::kNone && surely_lives(session)) {
      Report::broken("row {} lives, and the end of all is answered", row);
    }
    if (was_there && !session.death_saved) {
      Report::broken("row {}: the end of all is answered, and its own is not on disk", row);
    }
    session.never_again = true;
  }
  for (auto& [write, login] : pending_) {
    if (login.user == request.user && was_underway(login.id)) login.ended_meanwhile = true;
  }
}

void Model::profile_answered(RequestId id, std::int64_t number, const Result<bool>& told) {
  if (!watching_) return;
  const Request request = take(id);
  if (!told) return check_error(request, told.error());
  profiles_.answered(request.user, number);
}

/// If the user is being enabled at the same time, they may be active again by now.
void Model::disabled(std::int64_t user, std::uint64_t times_enabled_before) {
  if (!watching_ || enables_underway_[user] > 0 || times_enabled_[user] != times_enabled_before) return;
  disabled_.insert(user);
}

void Model::enabling(std::int64_t user) {
  ++times_enabled_[user];
  ++enables_underway_[user];
  disabled_.erase(user);
}

void Model::enabled(std::int64_t user) {
  if (!watching_) return;
  ++times_enabled_[user];
  --enables_underway_[user];
}

void Model::upset_begins(std::int64_t user) {
  ++upsets_[user];
  ++upsets_underway_[user];
}

void Model::upset_ends(std::int64_t user) {
  ++upsets_[user];
  --upsets_underway_[user];
}

void Model::password_changed(std::int64_t user, std::int64_t least_number) {
  if (!watching_) return;
  std::int64_t& number = password_numbers_[user];
  number = std::max(number, least_number);
}

}  // namespace latchkey::sim
