// Model: what must be true, told as plainly as it can be: a map of sessions, and what has been promised of
// each. It learns what clients were answered and what the shards had the store write; it never looks into a
// shard. Time is the table's, in milliseconds.
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

namespace latchkey::sim {

/// What the store and the memory hold of a token, as far as it can be known from outside: between two bounds
/// where more than one thing may be true.
struct Session {
  store::RowId row = 0;
  token::Token token;
  store::SessionId id{};
  std::int64_t user = 0;
  store::BindingHash binding{};

  std::int64_t created = 0;
  std::int64_t used_least = 0;  ///< the last use is not before this
  std::int64_t used_most = 0;   ///< and not after this
  std::int64_t seen_use = 0;    ///< the last use that somebody was answered, but for what a crash has lost
  std::int64_t saved_least = 0;
  std::int64_t saved_most = 0;

  store::Death death = store::Death::kNone;  ///< in memory
  std::int64_t died = 0;
  bool may_have_expired = false;        ///< before it died of that: then this is what is told
  std::set<store::Death> deaths_asked;  ///< what the store may have as its death
  bool death_saved = false;             ///< one of them is durable
  bool is_known = false;                ///< a client was given it
  bool is_of_this_run = false;          ///< the process that made it still runs
  bool outlived_a_password = false;     ///< its holder changed the password, and kept it
  bool may_end = false;                 ///< as PendingLogin has it
  bool never_again = false;             ///< its end was answered: whatever happens, it admits no more
  bool forgetting = false;              ///< the store was asked to forget the row
};

/// A login whose commit is under way.
struct PendingLogin {
  store::SessionId id{};
  token::Token token;
  std::int64_t user = 0;
  store::BindingHash binding{};
  std::int64_t asked = 0;
  std::vector<store::SessionDeath> deaths;
  bool ended_meanwhile = false;  ///< the end of all of the user's tokens was answered: it may never live
  bool may_end = false;          ///< an end of all may have met it, whatever it was answered
};

/// What a client has asked and was not answered yet.
struct Request {
  enum class Kind { kLogin, kEnd, kEndAll };
  Request() = default;
  Request(Kind what, std::int64_t whose, const token::Token& which, const store::BindingHash& from)
      : kind(what), user(whose), token(which), binding(from) {}

  Kind kind = Kind::kLogin;
  std::int64_t user = 0;
  token::Token token;  ///< of kEnd; of kEndAll the one to keep
  store::BindingHash binding{};
  std::int64_t began = 0;
  store::Death reason = store::Death::kNone;
  store::RowId newest_row = 0;             ///< of the user, when it began
  std::vector<store::SessionId> underway;  ///< the user's logins under way when it began
  std::uint64_t troubles = 0;              ///< of the disk, when it began
  std::uint64_t upsets = 0;                ///< of the user, when it began
};

/// Requests of clients at a time, at most. A way of the mailbox with room for as many is never full.
inline constexpr std::size_t kRequestsAtOnce = 24;

using RequestId = std::uint64_t;
using WriteId = std::uint64_t;

class Model {
 public:
  explicit Model(const Plan& plan) : plan_(plan) {}

  /// While false, what is told is nobody's business any more: the process that tells it has crashed.
  void set_watching(bool watching) noexcept { watching_ = watching; }
  bool is_watching() const noexcept { return watching_; }
  void set_time(std::int64_t now) noexcept { now_ = now; }
  /// How often the disk has refused something: what may excuse an error.
  void set_troubles(std::uint64_t troubles) noexcept { troubles_ = troubles; }

  // --- What the shards ask of the store (model_writes.cc).

  /// A shard looks whether a login of this user may go on: one more token, perhaps, that no write tells of.
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
  /// Somebody begins or ends what may cancel the user's logins: an end of all, a new password, a disabling.
  void upset_begins(std::int64_t user);
  void upset_ends(std::int64_t user);
  /// The user's password has had at least this number since before the answer.
  void password_changed(std::int64_t user, std::int64_t least_number);
  /// What a disabling user was told, who began when `times_enabled` was so many.
  void disabled(std::int64_t user, std::uint64_t times_enabled_before);
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

  // --- Counts.

  struct Bounds {
    std::size_t least_live = 0;
    std::size_t most_live = 0;
    std::size_t least_users = 0;
    std::size_t most_users = 0;
  };
  /// Of the shard `number` of `shards`.
  Bounds bounds(std::uint32_t number, std::uint32_t shards) const;
  /// The most that a user's list may hold; nothing where there is no limit.
  std::optional<std::size_t> most_tokens(std::int64_t user) const;

  // --- Starts and ends of the process (model_restart.cc).

  /// The process stops in order, now.
  void stopped() noexcept { stopped_ = now_; }
  /// What the disk holds at a start, and so what the memory of the new process will be; `clean` as
  /// store::RunStart has it. All that was under way at the end of the last process may have happened or not.
  void restarted(const std::vector<store::Session>& rows, bool clean);
  /// By how much the last start moved every time on the disk; none where it found no session.
  std::optional<std::int64_t> moved_ms() const noexcept { return moved_ms_; }
  /// The start has the store forget these rows; and it has done so.
  void forgetting_at_start(const std::vector<store::RowId>& rows);
  void forgotten_at_start(const std::vector<store::RowId>& rows);

  /// What is on disk by now must be less than a tenth of the timeout behind every use up to a moment: `uses`
  /// is what `uses()` gave then.
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
  std::int64_t stopped_ = 0;  ///< when the last process stopped that did so in order, by its own time
  /// What is saved as used before this is from before a crash, and there may have been a later use.
  std::int64_t exact_since_ = 0;
  std::optional<std::int64_t> moved_ms_;
  std::uint64_t troubles_ = 0;
  std::uint64_t next_id_ = 1;

  std::map<store::RowId, Session> sessions_;
  std::map<std::uint32_t, std::multiset<std::int64_t>> checks_;  // under way, by the shard
  std::map<WriteId, PendingLogin> pending_;
  std::map<WriteId, std::vector<store::SessionDeath>> deaths_;
  std::map<WriteId, std::vector<store::SessionRefresh>> refreshes_;
  std::map<WriteId, std::vector<store::RowId>> forgets_;
  std::map<RequestId, Request> requests_;
  std::deque<Session> forgotten_;  // the last of those whose rows are gone
  std::map<std::int64_t, std::int64_t> password_numbers_;
  std::map<std::int64_t, std::uint64_t> upsets_;
  std::map<std::int64_t, int> upsets_underway_;
  std::set<std::int64_t> disabled_;
  std::map<std::int64_t, std::uint64_t> times_enabled_;
  std::map<std::int64_t, int> enables_underway_;
  std::set<std::int64_t> over_limit_;  // users to whom a start has given back what had timed out
};

}  // namespace latchkey::sim
