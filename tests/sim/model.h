// Model: what must be true, stated as plainly as possible: a map of sessions, and what has been promised of
// each. It learns what clients were answered and what the shards had the store write. It never looks into a
// shard. Times are the table's, in milliseconds.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "latchkey/store/session.h"
#include "latchkey/token/format.h"
#include "latchkey/token/shard.h"
#include "plan.h"
#include "profile_model.h"

namespace latchkey::sim {

/// What the store and the memory hold of a token, as far as this can be known from outside. Where more than
/// one value is possible, two bounds enclose it.
struct Session {
  store::RowId row = 0;
  token::Token token;
  store::SessionId id{};
  std::int64_t user = 0;
  store::BindingHash binding{};

  std::int64_t created = 0;
  std::int64_t used_least = 0;  ///< the last use is no earlier than this
  std::int64_t used_most = 0;   ///< and no later than this
  std::int64_t seen_use = 0;    ///< the last use that a client was told of, unless a crash lost it
  std::int64_t saved_least = 0;
  std::int64_t saved_most = 0;

  store::Death death = store::Death::kNone;  ///< in memory
  std::int64_t died = 0;
  bool may_have_expired = false;        ///< it may have timed out before it died: then that is the reason
  std::set<store::Death> deaths_asked;  ///< deaths that the store may have recorded for it
  bool death_saved = false;             ///< one of them is durable
  bool is_known = false;                ///< a client was given the token
  bool is_of_this_run = false;          ///< the process that made it is still running
  bool outlived_a_password = false;     ///< its holder changed the password and kept it
  bool may_end = false;                 ///< as in PendingLogin
  bool never_again = false;             ///< its end was answered: it must never admit again
  bool forgetting = false;              ///< the store was asked to forget the row
};

/// A login whose commit is in progress.
struct PendingLogin {
  store::SessionId id{};
  token::Token token;
  std::int64_t user = 0;
  store::BindingHash binding{};
  std::int64_t asked = 0;
  std::vector<store::SessionDeath> deaths;
  bool ended_meanwhile = false;  ///< an answer said that all of the user's tokens ended: it must never live
  bool may_end = false;          ///< an end of all may have met it, whatever that was answered
};

/// What a client has asked and not been answered yet.
struct Request {
  enum class Kind { kLogin, kEnd, kEndAll, kProfile };
  Request() = default;
  Request(Kind what, std::int64_t whose, const token::Token& which, const store::BindingHash& from)
      : kind(what), user(whose), token(which), binding(from) {}

  Kind kind = Kind::kLogin;
  std::int64_t user = 0;
  token::Token token;  ///< for kEnd the token to end, for kEndAll the one to keep
  store::BindingHash binding{};
  std::int64_t began = 0;
  store::Death reason = store::Death::kNone;
  store::RowId newest_row = 0;             ///< the user's newest row when the request began
  std::vector<store::SessionId> underway;  ///< the user's logins in progress when it began
  std::uint64_t troubles = 0;              ///< refusals by the disk when it began
  std::uint64_t upsets = 0;                ///< upsets of the user when it began
};

/// The most client requests at a time. A mailbox queue with room for as many is never full.
inline constexpr std::size_t kRequestsAtOnce = 24;

using RequestId = std::uint64_t;
using WriteId = std::uint64_t;

class Model {
 public:
  explicit Model(const Plan& plan) : plan_(plan) {}

  /// While false, the model ignores what it is told: the process that tells it has crashed.
  void set_watching(bool watching) noexcept { watching_ = watching; }
  bool is_watching() const noexcept { return watching_; }
  void set_time(std::int64_t now) noexcept { now_ = now; }
  /// How many operations the disk has refused. A refusal may excuse an error.
  void set_troubles(std::uint64_t troubles) noexcept { troubles_ = troubles; }

  // --- What the shards ask of the store (model_writes.cc).

  /// A shard checks whether a login of this user may go on. It may hold one more token, which no write
  /// announces.
  void check_asked(std::uint32_t shard, std::int64_t user) { checks_[shard].insert(user); }
  void check_answered(std::uint32_t shard, std::int64_t user);
  WriteId login_asked(const store::LoginRecord& record, const token::Token& token);
  void login_written(WriteId id, const Result<store::RowId>& row);
  WriteId deaths_asked(const std::vector<store::SessionDeath>& deaths);
  WriteId user_death_asked(const store::UserDeath& death);
  void deaths_written(WriteId id, const Result<bool>& written);
  WriteId refreshes_asked(const std::vector<store::SessionRefresh>& refreshes);
  void refreshes_written(WriteId id, const Result<bool>& written);
  WriteId forget_asked(const std::vector<store::RowId>& rows);
  void forget_written(WriteId id, const Result<bool>& written);

  // --- What clients ask and are answered (model_answers.cc).

  RequestId begin(Request request);
  void login_answered(RequestId id, const Result<token::Login>& login, std::int64_t password_number);
  void end_answered(RequestId id, const Result<bool>& ended);
  /// Nothing was found to end, and the client was told so.
  void nothing_ended(RequestId id);
  void end_all_answered(RequestId id, const Result<std::size_t>& ended);
  /// Something that may cancel the user's logins begins or ends: an end of all, a new password, a disabling.
  void upset_begins(std::int64_t user);
  void upset_ends(std::int64_t user);
  /// The user's password has had at least this number since before the answer.
  void password_changed(std::int64_t user, std::int64_t least_number);
  /// Disabling the user was answered; `times_enabled_before` is what `times_enabled` said when the request
  /// began.
  void disabled(std::int64_t user, std::uint64_t times_enabled_before);
  /// A change of the user's groups or details was answered. `number` is that of the profile if it is written.
  void profile_answered(RequestId id, std::int64_t number, const Result<bool>& told);
  void enabling(std::int64_t user);
  void enabled(std::int64_t user);
  std::uint64_t times_enabled(std::int64_t user) { return times_enabled_[user]; }

  // --- What a check says (model_checks.cc).

  /// `pass` is the time of the pass in which the core asked.
  void checked(const Session& session, bool from_its_place, token::Outcome outcome, std::int64_t pass);
  void checked_pending(const PendingLogin& login, token::Outcome outcome) const;
  void checked_forgotten(const Session& session, token::Outcome outcome) const;

  bool surely_lives(const Session& session) const noexcept;
  bool may_live(const Session& session) const noexcept;

  ProfileModel& profiles() noexcept { return profiles_; }

  // --- Counts.

  struct Bounds {
    std::size_t least_live = 0;
    std::size_t most_live = 0;
    std::size_t least_users = 0;
    std::size_t most_users = 0;
  };
  /// The bounds for shard `number` of `shards`.
  Bounds bounds(std::uint32_t number, std::uint32_t shards) const;
  /// The most tokens that a user's list may hold; nothing if there is no limit.
  std::optional<std::size_t> most_tokens(std::int64_t user) const;

  // --- Starts and ends of the process (model_restart.cc).

  /// The process stops in order, now.
  void stopped() noexcept { stopped_ = now_; }
  /// Takes in what the disk holds at a start, which is what the new process will have in memory. `clean` is
  /// that of store::RunStart. All that was in progress when the last process ended may have happened or not.
  void restarted(const std::vector<store::Session>& rows, bool clean);
  /// By how much the last start moved every time on the disk; nothing if it found no session.
  std::optional<std::int64_t> moved_ms() const noexcept { return moved_ms_; }
  /// The start asks the store to forget these rows; then, the store has done so.
  void forgetting_at_start(const std::vector<store::RowId>& rows);
  void forgotten_at_start(const std::vector<store::RowId>& rows);

  /// Expects every use up to a given moment to be on disk to within a tenth of the timeout. `uses` is what
  /// `uses()` returned at that moment.
  std::map<store::RowId, std::int64_t> uses() const;
  void expect_saved(const std::map<store::RowId, std::int64_t>& uses) const;

  const std::map<store::RowId, Session>& sessions() const noexcept { return sessions_; }
  const std::map<WriteId, PendingLogin>& pending() const noexcept { return pending_; }
  const std::deque<Session>& forgotten() const noexcept { return forgotten_; }
  std::size_t requests() const noexcept { return requests_.size(); }
  std::int64_t now() const noexcept { return now_; }

 private:
  Session* find(store::RowId row) noexcept;
  Session* find(const token::Token& token) noexcept;
  bool login_underway(const Session& session) const noexcept;
  std::int64_t least_death(const Session& session) const noexcept;
  std::int64_t least_expiry(const Session& session) const noexcept;
  bool may_be_unknown(const Session& session) const noexcept;
  void check_forgettable(const Session& session) const;
  void check_cause(const Session& session, store::Death reason) const;
  void check_victims(const store::LoginRecord& record) const;
  void lose(store::RowId row);
  void check_error(const Request& request, const Error& error);
  Request take(RequestId id);
  void adopt(Session& session, const store::Session& row, bool clean);
  void follow_calendar(const std::map<store::RowId, const store::Session*>& on_disk);
  void adopt_pending(const store::Session& row, const std::set<store::RowId>& living, bool clean);

  const Plan plan_;
  bool watching_ = true;
  std::int64_t now_ = 0;
  std::int64_t stopped_ = 0;  ///< when the last orderly stop was, by the stopped process's own time
  /// A record of use before this is from before a crash, so there may have been a later use.
  std::int64_t exact_since_ = 0;
  std::optional<std::int64_t> moved_ms_;
  std::uint64_t troubles_ = 0;
  std::uint64_t next_id_ = 1;

  std::map<store::RowId, Session> sessions_;
  std::map<std::uint32_t, std::multiset<std::int64_t>> checks_;  // in progress, by shard
  std::map<WriteId, PendingLogin> pending_;
  std::map<WriteId, std::vector<store::SessionDeath>> deaths_;
  std::map<WriteId, std::vector<store::SessionRefresh>> refreshes_;
  std::map<WriteId, std::vector<store::RowId>> forgets_;
  std::map<RequestId, Request> requests_;
  std::deque<Session> forgotten_;  // the latest sessions whose rows are gone
  ProfileModel profiles_;
  std::map<std::int64_t, std::int64_t> password_numbers_;
  std::map<std::int64_t, std::uint64_t> upsets_;
  std::map<std::int64_t, int> upsets_underway_;
  std::set<std::int64_t> disabled_;
  std::map<std::int64_t, std::uint64_t> times_enabled_;
  std::map<std::int64_t, int> enables_underway_;
  std::set<std::int64_t> over_limit_;  // users to whom a start has given back tokens that had timed out
};

}  // namespace latchkey::sim
