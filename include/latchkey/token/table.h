// Table: one shard's tokens in memory. A slab of entries, a slab of users' records, an index by token and an
// index by user and binding. The shard's core owns it and makes all changes but one: any core, while it is
// active, checks a token and moves its time of last use, without a lock.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "latchkey/base/random.h"
#include "latchkey/base/result.h"
#include "latchkey/runtime/page_source.h"
#include "latchkey/runtime/quiescence.h"
#include "latchkey/token/entry.h"
#include "latchkey/token/index.h"
#include "latchkey/token/slab.h"
#include "latchkey/token/user_record.h"

namespace latchkey::token {

/// What a check says of a token (C-31, C-32).
enum class Outcome : std::uint8_t {
  kAdmitted,
  kUnknown,   ///< no such token, or not from this address and agent
  kExpired,   ///< timed out or deleted
  kLimit,     ///< dead by the user's limit
  kInactive,  ///< its user was deactivated
};

struct Verdict {
  Outcome outcome = Outcome::kUnknown;
  const UserRecord* user = nullptr;  ///< where admitted; good until the core's pass ends
};

/// A use less than this after the recorded one is not recorded. So what is recorded is less than this behind
/// the true last use, and a token is admitted until its timeout and this much have passed: at least its
/// timeout after its last use, and at most a second more (invariant 1).
inline constexpr std::int64_t kRefreshStepMs = 1000;

struct TableSettings {
  static constexpr std::size_t kMaxEntries = std::size_t{1} << 30;
  std::size_t max_entries = 1'000'000;  ///< pending, live and dead; at most kMaxEntries
  std::int64_t timeout_ms = 1'800'000;
  std::uint32_t index_segments = 512;  ///< see Index::segments_for
};

class Table {
 public:
  /// All that is passed in outlives the table. `core` is the owner's number.
  static Result<std::unique_ptr<Table>> create(runtime::PageClient& pages, runtime::Quiescence& quiescence,
                                               runtime::CoreId core, const TableSettings& settings,
                                               Random& random);
  /// No core reads any more.
  ~Table();
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  // --- Any core, while active.

  /// A live token used from where it is bound is admitted, and its time of last use moved to `now` where that
  /// is a second or more. The reason of a dead one is told to its own binding only.
  Verdict check(const Token& token, const store::BindingHash& binding, TableTime now) const noexcept;

  // --- The owner.

  struct NewEntry {
    const Token& token;
    const store::BindingHash& binding;
    std::int64_t user_id;
    std::string_view user_name;
    std::uint8_t key_number;
  };

  /// A pending entry, the last of its user's list, found by token and by binding. 0 where memory or a bound
  /// ends: nothing has changed then. `can_retire` was true.
  EntryId add(const NewEntry& entry);
  /// A pending entry becomes live: from now on it admits.
  void make_live(EntryId id, store::RowId row, TableTime last_used, bool unsaved) noexcept;
  /// A dead entry of a user who need not be there, found by token alone. 0 where memory or a bound ends.
  EntryId add_dead(const Token& token, const store::BindingHash& binding, store::RowId row, Life reason,
                   TableTime died);
  /// Takes a dead or pending entry from its user: it no longer counts, and is found by token alone. The user
  /// goes with the last one. `can_retire` was true.
  void leave_user(EntryId id);
  /// The entry, which has left its user, is found no more and is free; its number too, once the wheel lets it
  /// go.
  void remove(EntryId id);
  /// A free entry that was filed in the wheel is not any more.
  void release_from_wheel(EntryId id) noexcept;

  /// The entry of a token from its binding, live or dead. 0: none.
  EntryId find(const Token& token, const store::BindingHash& binding) const noexcept;
  /// The live or pending entry of this user with this binding. 0: none.
  EntryId find_bound(std::int64_t user_id, const store::BindingHash& binding) const noexcept;
  /// 0: the user has no live or pending entry.
  UserId find_user(std::int64_t user_id) const noexcept;

  Entry& entry(EntryId id) const noexcept { return entries_[id]; }
  const UserRecord& user(UserId id) const noexcept { return users_[id]; }
  Token token_of(EntryId id) const noexcept;

  enum class Use { kLive, kTimedOut, kNotLive };
  /// Looks at a live entry at `now`, and moves its time. `state` is what was seen, and then what was found.
  /// Any core.
  Use use(Entry& entry, State& state, TableTime now) const noexcept;
  bool is_timed_out(State state, TableTime now) const noexcept {
    return now.ms - state.last_used().ms >= settings_.timeout_ms + kRefreshStepMs;
  }

  /// False while too much waits to be freed: no login and no death may begin then.
  bool can_retire() const noexcept { return quiescence_.has_room(core_, kMaxRetiredAtOnce); }
  /// Frees what no core can be reading any more.
  void collect() noexcept { quiescence_.collect(core_); }
  /// All entry numbers are below this; for walking through all of them.
  EntryId end() const noexcept { return entries_.end(); }
  bool is_used(EntryId id) const noexcept { return entries_.is_used(id); }
  /// Pending, live and dead.
  std::size_t entries() const noexcept { return entries_.used() - free_in_wheel_; }
  std::size_t users() const noexcept { return users_.used() - users_leaving_; }
  const TableSettings& settings() const noexcept { return settings_; }
  /// Slabs, indexes and long names; what waits to be freed is the Quiescence's to count.
  std::size_t bytes() const noexcept;

 private:
  static constexpr std::size_t kMaxRetiredAtOnce = 8;

  struct Parts {
    std::unique_ptr<Slab<Entry>> entries;
    std::unique_ptr<Slab<UserRecord>> users;
    std::unique_ptr<Index> by_token;
    std::unique_ptr<Index> by_user;
  };
  Table(Parts parts, runtime::Quiescence& quiescence, runtime::CoreId core, const TableSettings& settings,
        Random& random);

  std::uint64_t hash_of(std::span<const std::uint8_t, kSecretBytes> secret) const noexcept;
  std::uint64_t hash_of(std::int64_t user_id) const noexcept;
  std::uint64_t hash_of(std::int64_t user_id, const store::BindingHash& binding) const noexcept;

  EntryId take_entry(const Token& token, const store::BindingHash& binding, std::uint8_t key_number,
                     UserId user);
  UserId find_or_add_user(const NewEntry& entry);
  void drop_user(UserId id);
  static void reclaim_user(void* table, void* record, std::size_t bytes) noexcept;
  void end_user(UserRecord& user) noexcept;
  void append(UserId user, EntryId id) noexcept;
  void detach(EntryId id);
  void free_entry(EntryId id) noexcept;
  static Outcome outcome_of(Life life) noexcept;

  const Parts parts_;
  const Slab<Entry>& entries_;
  const Slab<UserRecord>& users_;
  runtime::Quiescence& quiescence_;
  const runtime::CoreId core_;
  const TableSettings settings_;
  const std::uint64_t token_seed_;
  const std::uint64_t user_seed_;
  std::uint32_t next_generation_ = 1;
  std::size_t free_in_wheel_ = 0;  // entries that are free, and wait for the wheel to let their number go
  std::size_t users_leaving_ = 0;  // that wait until no core can hold their record
  std::size_t outside_bytes_ = 0;
};

}  // namespace latchkey::token
