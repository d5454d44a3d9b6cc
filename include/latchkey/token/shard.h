// Shard: owns all tokens of the users whose tag names it, from login to death. One per core. Other cores
// reach the shard's table through the Registry, and nothing else of it.
// Thread: its core's. Before the cores run, the thread that loads it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "latchkey/base/counter.h"
#include "latchkey/base/log.h"
#include "latchkey/base/random.h"
#include "latchkey/base/result.h"
#include "latchkey/runtime/lazy_wheel.h"
#include "latchkey/runtime/page_source.h"
#include "latchkey/runtime/quiescence.h"
#include "latchkey/runtime/ready_queue.h"
#include "latchkey/runtime/task.h"
#include "latchkey/store/store.h"
#include "latchkey/token/format.h"
#include "latchkey/token/keyring.h"
#include "latchkey/token/profile.h"
#include "latchkey/token/table.h"
#include "latchkey/token/table_time.h"
#include "token/login.h"
#include "token/logins_under_way.h"
#include "token/tombstones.h"
#include "token/write_behind.h"

namespace latchkey::token {

struct ShardSettings {
  std::chrono::milliseconds timeout{1'800'000};  ///< at least 100 ms
  std::size_t tokens_per_user = 0;               ///< 0: no limit (C-21)
  std::size_t max_tokens = 1'000'000;            ///< of this shard: live and pending
  std::size_t max_tombstones = 100'000;          ///< of this shard (C-33)
  std::size_t refresh_rows_per_second = 5000;    ///< of this shard
};

/// What is known of the user of a login.
struct Standing {
  bool holds = false;      ///< active, and the password of the login is still the user's
  ProfileParts profile{};  ///< as committed at the same moment; empty if the login does not hold
};

/// Tells a shard whether a login is still valid.
/// Thread: its core's coroutines; one object per shard.
class LoginCheck {
 public:
  virtual ~LoginCheck() = default;

  /// Whether the user is active and has the password of this number, and the user's profile, as committed at
  /// some moment during the call.
  /// Errors: kUnavailable, kOverloaded, kFatal from whatever it asks.
  virtual runtime::Task<Result<Standing>> standing_of(std::int64_t user_id, std::int64_t password_number) = 0;
};

/// What a shard is made of and works with.
/// Lifetime: everything here outlives the shard.
struct ShardParts {
  runtime::CoreId core;  ///< also the shard's number
  std::uint32_t shards;  ///< how many there are in all
  const TableClock& clock;
  Random& random;
  const Keyring& keyring;
  store::Store& store;
  LoginCheck& login_check;
  runtime::Quiescence& quiescence;
  runtime::PageClient& pages;
  Log& log;
};

struct LoginRequest {
  std::int64_t user_id = 0;
  std::int64_t password_number = 0;  ///< of the password that was verified
  std::string user_name;
  store::BindingHash binding{};
  std::string address;  ///< for the page of sessions; empty if switched off (C-35)
  std::string agent;    ///< likewise; its first 256 bytes
};

/// A live token as shown to its user, without the token itself.
struct LiveToken {
  store::RowId row = 0;
  WallTime last_used{};  ///< at most one second before the true time
  WallTime expires{};
  bool is_current = false;
};

struct LiveTokens {
  std::vector<LiveToken> tokens;  ///< in the order of the given sessions
  std::size_t count = 0;          ///< all tokens that the user has, logins under way included
};

enum class Loaded {
  kLive,
  kTombstone,
  kForget,  ///< nobody needs the row any more; the caller has the store forget it
};

struct ShardCounts {
  std::size_t live = 0;  ///< includes pending tokens and those whose timeout has not been noticed yet
  std::size_t tombstones = 0;
  std::size_t users = 0;
  std::size_t refreshes_waiting = 0;
  TableTime oldest_refresh{};  ///< the earliest use that waits; only if any waits
  std::size_t deaths_waiting = 0;
  std::uint64_t tombstones_cut = 0;    ///< dropped early because of the bound
  std::uint64_t rows_left_behind = 0;  ///< left on disk until the next start because of the bound
  std::size_t memory_bytes = 0;
};

/// Thread: the shard's counts; any reads.
struct alignas(64) ShardMetrics {
  Counter ended_by_limit;
  Counter timed_out;
  Counter logins_refused;  ///< for want of room: the bound on tokens, or on what is under way
};

class Shard {
 public:
  /// The budget of `advance` in a core's pass. A visit that ends a token takes some microseconds with cold
  /// caches.
  static constexpr std::size_t kVisitsPerPass = 256;
  /// The most logins that go on in one `advance` after another login that they waited for.
  static constexpr std::size_t kReadyPerPass = 16;
  /// The most tokens that one login ends because of the limit, or that one write of `end_all` ends.
  static constexpr std::size_t kMaxDeathsAtOnce = 1024;

  static Result<std::unique_ptr<Shard>> create(const ShardParts& parts, const ShardSettings& settings);
  /// Requires: no login is under way, `stop` has ended, and no core reads any more.
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  /// Takes in a recorded session at start. A time of last use before `exact_since` may be too early, because
  /// a run that did not end by `stop` wrote it. A tenth of the timeout is then added, but not past
  /// `exact_since`.
  /// Requires: no core runs yet.
  /// Errors: kOverloaded past max_tokens. Tokens that live by that tenth alone are not counted.
  Result<Loaded> load(const store::Session& session, TableTime now, WallTime exact_since);

  /// Returns the user's live token with this binding, refreshed, or a new one (C-13). A new token admits
  /// only when the store has it. The oldest tokens beyond the limit die with that write (C-21). Whoever
  /// disables a user or sets a password writes that first and then ends the tokens. So an earlier login is
  /// either found by that end, or learns from the login check that it is no longer valid.
  /// Requires: the request's user belongs to this shard.
  /// Errors: kOverloaded at a bound; those of the store and of the check, and then nothing has changed;
  /// kCancelled if the user's tokens were ended meanwhile or the check says no. It then ends no token.
  runtime::Task<Result<Login>> login(LoginRequest request);

  /// Ends the token for its holder (C-40), at once in memory, then on disk. False if there is no such live
  /// token with this binding.
  /// Errors: kOverloaded at a bound, and then nothing has changed; the store's, and then the token is dead
  /// all the same, and the write is retried until it succeeds.
  runtime::Task<Result<bool>> end(Token token, store::BindingHash binding);

  /// Ends all tokens that the user has now, except `keep`. Returns how many.
  /// Errors: kOverloaded at a bound; the store's. Some tokens may then be alive: call it again.
  runtime::Task<Result<std::size_t>> end_all(std::int64_t user_id, store::Death reason,
                                             std::optional<Token> keep = std::nullopt);
  /// Ends the token of a session that the store has. Otherwise like `end`.
  runtime::Task<Result<bool>> end_session(const store::Session& session);

  /// Gives the user's tokens this profile, on every core, unless they have one as new. Whoever changes groups
  /// or details of a user writes that first and then calls this. So a login under way either is found by this
  /// call, or learns of the change from the login check, which it asks after it can be found.
  /// Errors: kOverloaded; then the tokens keep the profile that they have: call it again.
  Result<bool> set_profile(std::int64_t user_id, const ProfileParts& profile);

  /// Which of the user's sessions, as given by the store, are alive. `current` is marked.
  LiveTokens live_tokens(std::int64_t user_id, const std::vector<store::Session>& sessions,
                         const std::optional<Token>& current) const;

  /// Turns the wheel, drops old tombstones, starts writes, and lets waiting logins go on. Looks at `budget`
  /// entries at most and returns the number looked at. Called once per pass.
  std::size_t advance(TableTime now, std::size_t budget);
  /// Whether `advance` left due work behind and should be called again at once.
  bool behind() const noexcept;
  /// The earliest time at which `advance` has something to do, or WriteBehind::kNoTime.
  TableTime next_advance() const noexcept;

  /// Writes all waiting changes. True if the store took all of it: then the stop may be recorded as clean.
  runtime::Task<bool> stop();

  /// Makes new tokens with `keyring` from now on. It has the same root.
  /// Lifetime: `keyring` outlives the shard.
  void use_keyring(const Keyring& keyring) noexcept { keyring_ = &keyring; }

  /// Goes by these from now on. A user's tokens above a lower limit end with the user's next new login.
  /// Requires: `refresh_rows_per_second` is at least 1.
  void set_limits(std::size_t tokens_per_user, std::size_t refresh_rows_per_second) noexcept {
    settings_.tokens_per_user = tokens_per_user;
    writes_.set_rows_per_second(refresh_rows_per_second);
  }

  const Table& table() const noexcept { return *table_; }
  /// The core's only WriteBehind.
  WriteBehind& writes() noexcept { return writes_; }
  ShardCounts counts() const noexcept;
  const ShardMetrics& metrics() const noexcept { return metrics_; }

 private:
  struct WheelLinks {
    Table* table;
    std::uint32_t next(std::uint32_t id) const noexcept { return table->entry(id).wheel_next(); }
    void set_next(std::uint32_t id, std::uint32_t next) const noexcept {
      table->entry(id).set_wheel_next(next);
    }
  };
  using Wheel = runtime::LazyWheel<WheelLinks>;

  struct Victim {
    EntryId id;
    std::uint32_t generation;
  };

  Shard(const ShardParts& parts, const ShardSettings& settings, std::unique_ptr<Table> table);

  // Logins.
  runtime::Task<Result<Login>> obtain(LoginRequest request);
  std::optional<Login> refreshed(EntryId id, TableTime now);
  runtime::Task<Result<Login>> new_login(LoginRequest request);
  runtime::Task<Result<Login>> complete_pending(LoginUnderWay& pending, LoginRequest request,
                                                store::SessionId id);
  runtime::Task<Result<void>> check_pending(LoginUnderWay& pending, std::int64_t password_number);
  runtime::Task<Result<Login>> write_pending(LoginUnderWay& pending, LoginRequest request,
                                             store::SessionId id);
  Result<EntryId> add_pending(const LoginRequest& request, const Token& token, std::uint8_t key_number);
  std::vector<Victim> choose_victims(std::int64_t user_id, TableTime now);
  store::LoginRecord record_of(LoginRequest request, const store::SessionId& id, EntryId entry,
                               const std::vector<Victim>& victims, TableTime now) const;
  void end_victim(const Victim& victim);
  Login commit(EntryId id, store::RowId row, TableTime asked);
  void drop_pending(const LoginUnderWay& pending);
  runtime::Task<Result<Login>> end_pending(const LoginUnderWay& pending, store::RowId row);
  Login login_of(EntryId id, bool is_new) const noexcept;
  Token token_of(const store::Session& session) const noexcept;

  // Deaths.
  void kill(EntryId id, State state, Life reason, TableTime died);
  bool expire(EntryId id, State state);
  void bury(EntryId id);
  runtime::Task<Result<bool>> kill_one(EntryId id);
  bool may_come_back(State state, TableTime now) const noexcept;
  store::RowId row_of(std::int64_t user_id, const std::optional<Token>& token) const noexcept;
  std::vector<store::SessionDeath> kill_some(std::int64_t user_id, store::Death reason, store::RowId last_row,
                                             const std::optional<Token>& keep);
  bool may_kill(std::size_t deaths) const noexcept {
    return writes_.has_room_for_deaths(deaths) && table_->can_retire();
  }

  // Time.
  TableTime last_use_of(const store::Session& session, TableTime now, WallTime exact_since) const noexcept;
  std::int64_t visit(EntryId id, TableTime now);
  TableTime next_visit(State state, TableTime now) const noexcept;
  std::size_t drop_old_tombstones(TableTime now, std::size_t budget);
  void file(EntryId id, TableTime now);

  ShardSettings settings_;
  const std::uint32_t number_;
  const std::uint32_t shards_;
  const std::chrono::milliseconds period_;  // between two visits to a live entry
  const TableClock& clock_;
  Random& random_;
  const Keyring* keyring_;
  store::Store& store_;
  LoginCheck& login_check_;
  Log& log_;
  const std::unique_ptr<Table> table_;
  Tombstones tombstones_;
  WriteBehind writes_;
  Wheel wheel_;
  LoginsUnderWay logins_;
  runtime::ReadyQueue ready_;  ///< logins whose wait for another is over
  TableTime advanced_to_;
  store::RowId newest_row_ = 0;  // of all that were loaded or made here
  std::uint64_t tombstones_cut_ = 0;
  ShardMetrics metrics_;
  std::size_t revived_ = 0;  // loaded tokens alive only by the tenth of the timeout that a crash adds
};

}  // namespace latchkey::token
