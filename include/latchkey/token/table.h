// Table: one shard's tokens in memory. A slab of entries, an index by token, and an index by user. A user
// with one token stands in its entry, and only the name has a place of its own; one with more has a record,
// and one with many a cell for each binding too. The shard's core owns it and makes all changes but one: any
// core, while it is active, checks a token and moves its time of last use, without a lock.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "latchkey/base/random.h"
#include "latchkey/base/result.h"
#include "latchkey/runtime/page_source.h"
#include "latchkey/runtime/quiescence.h"
#include "token/entry.h"
#include "token/index.h"
#include "token/name_slabs.h"
#include "token/slab.h"
#include "token/user_record.h"

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
  UserView user;  ///< where admitted; good until the core's pass ends
  /// The token's entry, where the store's time is to be brought up to this use, and 0 where not.
  EntryId save_due = 0;
};

/// A use less than this after the recorded one is not recorded. So what is recorded is less than this behind
/// the true last use, and a token is admitted until its timeout and this much have passed: at least its
/// timeout after its last use, and at most a second more (P-3).
inline constexpr std::int64_t kRefreshStepMs = 1000;

struct TableSettings {
  static constexpr std::size_t kMaxEntries = std::size_t{1} << 30;
  std::size_t max_entries = 1'000'000;  ///< pending, live and dead; at most kMaxEntries
  std::int64_t timeout_ms = 1'800'000;
  std::uint32_t index_segments = 512;  ///< see Index::segments_for
};

class Table {
 public:
  /// Nearly every check looks at another entry: on huge pages it need not look up the page as well.
  using Entries = Slab<Entry, 32'768>;

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

  /// The memory that a check of a token will ask for, in three steps, each of which reads what the one before
  /// asked for: so that the waits of several checks overlap. They change nothing, and say nothing of the
  /// token.
  std::uint64_t fetch_cell(const Token& token) const noexcept;
  /// `hash` is what `fetch_cell` said. 0: no such token.
  EntryId fetch_entry(std::uint64_t hash) const noexcept;
  void fetch_user(EntryId id) const noexcept;

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
  /// Of `last_used` the store knows: all, nothing yet, or that it may be behind the true time of last use.
  enum class Stored { kExactly, kNotYet, kMaybeBehind };
  void make_live(EntryId id, store::RowId row, TableTime last_used, Stored stored) noexcept;
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
  /// The user's live and pending entries; none where there is no such user here.
  UserTokens tokens_of(std::int64_t user_id) const noexcept;

  Entry& entry(EntryId id) const noexcept { return entries_[id]; }
  Token token_of(EntryId id) const noexcept;

  enum class Use {
    kLive,
    kSaveDue,  ///< live, and the store's time is so far behind that it is to be brought up
    kTimedOut,
    kNotLive,
  };
  /// Looks at a live entry at `now`, and moves its time. `state` is what was seen, and then what was found.
  /// Any core.
  Use use(Entry& entry, State& state, TableTime now) const noexcept;
  /// Of State::lag. A use that has not been saved, and is not due to be, is less than kLagDue steps after the
  /// one that was: a tenth of the timeout, but for the time that a write may take.
  std::int64_t lag_step_ms() const noexcept { return lag_step_ms_; }
  std::int64_t most_time_to_write_ms() const noexcept { return most_time_to_write_ms_; }
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
  std::size_t users() const noexcept { return user_count_; }
  /// Cells in use of both indexes: zero when there is no entry.
  std::size_t index_cells() const noexcept { return parts_.by_token->size() + parts_.by_user->size(); }
  const TableSettings& settings() const noexcept { return settings_; }
  /// Slabs, indexes and long names; what waits to be freed is the Quiescence's to count.
  std::size_t bytes() const noexcept;

 private:
  static constexpr std::size_t kMaxRetiredAtOnce = 8;
  /// A user with more tokens than this has a cell in the index for each binding; those of one with fewer are
  /// looked through.
  static constexpr std::uint32_t kMaxLookedThrough = 16;

  struct Parts {
    std::unique_ptr<Entries> entries;
    std::unique_ptr<Slab<UserRecord>> records;
    std::unique_ptr<NameSlabs> names;
    std::unique_ptr<runtime::PageHeap> heap;  // of both indexes
    std::unique_ptr<Index> by_token;
    std::unique_ptr<Index> by_user;
  };
  /// Where the index by user leads: to a record, or to a user's only entry.
  class UserCell {
   public:
    explicit UserCell(std::uint32_t word) noexcept : word_(word) {}
    static UserCell of_record(RecordId id) noexcept { return UserCell(id); }
    static UserCell of_entry(EntryId id) noexcept { return UserCell(id | kEntryBit); }
    bool is_none() const noexcept { return word_ == 0; }
    bool is_entry() const noexcept { return (word_ & kEntryBit) != 0; }
    RecordId record() const noexcept { return word_; }
    EntryId entry() const noexcept { return word_ & ~kEntryBit; }
    std::uint32_t word() const noexcept { return word_; }

   private:
    // Numbers in a slab are below it.
    static constexpr std::uint32_t kEntryBit = std::uint32_t{1} << 31;
    std::uint32_t word_;
  };

  Table(Parts parts, runtime::Quiescence& quiescence, runtime::CoreId core, const TableSettings& settings,
        Random& random);

  std::uint64_t hash_of(std::span<const std::uint8_t, kSecretBytes> secret) const noexcept;
  std::uint64_t hash_of(std::int64_t user_id) const noexcept;
  std::uint64_t hash_of(std::int64_t user_id, const store::BindingHash& binding) const noexcept;

  // Checks.
  bool look(EntryId id, const Token& token, const SecretWords& secret, const BindingWords& binding,
            TableTime now, Verdict& verdict) const noexcept;
  UserView view_of(UserRef ref, LoneUser lone) const noexcept;
  static Outcome outcome_of(Life life) noexcept;

  // Entries.
  EntryId take_entry(const Token& token, const store::BindingHash& binding, std::uint8_t key_number);
  void free_entry(EntryId id) noexcept;

  // Users, in table_users.cc.
  UserCell find_user(std::int64_t user_id) const noexcept;
  bool give_user(EntryId id, const NewEntry& entry);
  bool give_lone_user(EntryId id, const NewEntry& entry);
  bool give_new_record(EntryId id, const NewEntry& entry);
  RecordId make_record_of(EntryId id);
  bool join(RecordId record, EntryId id);
  bool find_by_binding(UserRecord& user);
  RecordId begin_record(std::int64_t id, Tag tag, std::string_view name);
  void end_record(UserRecord& record) noexcept;
  static void reclaim_record(void* table, void* record, std::size_t bytes) noexcept;
  void retire_name(NameRef name, std::size_t bytes);
  static void reclaim_name(void* table, void* name, std::size_t bytes) noexcept;
  void append(RecordId record, EntryId id) noexcept;
  void detach(UserRecord& user, EntryId id) noexcept;

  const Parts parts_;
  const Entries& entries_;
  const Slab<UserRecord>& records_;
  runtime::Quiescence& quiescence_;
  const runtime::CoreId core_;
  const TableSettings settings_;
  const std::int64_t most_time_to_write_ms_;
  const std::int64_t lag_step_ms_;
  const std::uint64_t token_seed_;
  const std::uint64_t user_seed_;
  std::uint32_t next_generation_ = 1;
  std::size_t free_in_wheel_ = 0;  // entries that are free, and wait for the wheel to let their number go
  std::size_t user_count_ = 0;
  std::size_t outside_bytes_ = 0;
};

}  // namespace latchkey::token
