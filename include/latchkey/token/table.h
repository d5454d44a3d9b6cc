// Table: one shard's tokens in memory: a slab of entries, an index by token, and an index by user. A lone
// user is described by the entry itself, and only the name is stored elsewhere. A user with several tokens
// or a profile has a record, and one with many tokens also has a cell in the index for each binding.
// Thread: the shard's core owns it and makes every change but one. Any core, while it is active, checks a
// token and moves its time of last use, without a lock.
#pragma once

#include <chrono>
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

/// The result of a check (C-31, C-32).
enum class Outcome : std::uint8_t {
  kAdmitted,
  kUnknown,   ///< no such token, or not from this address and agent
  kExpired,   ///< timed out or deleted
  kLimit,     ///< dead by the user's limit
  kInactive,  ///< its user was deactivated
};

/// What the holder is not told, for monitoring.
enum class Detail : std::uint8_t {
  kNone,
  kElsewhere,  ///< kUnknown: there is such a token, bound to another address or agent
  kEnded,      ///< kExpired: it was ended, and did not time out
};

struct Verdict {
  Outcome outcome = Outcome::kUnknown;
  Detail detail = Detail::kNone;
  UserView user;  ///< if admitted; valid until the core's pass ends
  /// The token's entry if a refresh is due, 0 if not.
  EntryId save_due = 0;
};

/// A use that follows the recorded one by less than this is not recorded, so the recorded time is less than
/// this behind the true last use. A token is admitted until its timeout plus this: at least its timeout after
/// its last use, and at most a second more (P-3).
inline constexpr std::chrono::milliseconds kRefreshStep{1000};

struct TableSettings {
  static constexpr std::size_t kMaxEntries = std::size_t{1} << 30;
  std::size_t max_entries = 1'000'000;  ///< pending, live and dead; at most kMaxEntries
  std::chrono::milliseconds timeout{1'800'000};
  std::uint32_t index_segments = 512;  ///< see Index::segments_for
};

class Table {
 public:
  /// Almost every check reads a different entry; huge pages spare it a look-up of the page as well.
  using Entries = Slab<Entry, 32'768>;

  /// `core` is the owner's number.
  /// Lifetime: all arguments must outlive the table.
  static Result<std::unique_ptr<Table>> create(runtime::PageClient& pages, runtime::Quiescence& quiescence,
                                               runtime::CoreId core, const TableSettings& settings,
                                               Random& random);
  /// Requires: no core reads the table any more.
  ~Table();
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  // --- Any core, while active.

  /// Admits a live token that is used from where it is bound, and moves its time of last use to `now` if that
  /// is a second or more later. Reveals why a dead token died only to its own binding.
  Verdict check(const Token& token, const store::BindingHash& binding, TableTime now) const noexcept;

  /// These prefetch the memory that a check of a token will read, in three steps, so that the waits of
  /// several checks overlap. Each step reads what the one before prefetched. They change nothing and say
  /// nothing about the token.
  std::uint64_t fetch_cell(const Token& token) const noexcept;
  /// `hash` is the result of `fetch_cell`. Returns 0 if there is no such token.
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

  /// Adds a pending entry at the end of its user's list; it can be found by token and by binding. Returns 0
  /// if memory runs out or a bound is reached; then no change is visible.
  /// Requires: `can_retire()`.
  EntryId add(const NewEntry& entry);
  /// What the store knows of `last_used`: exactly that, nothing yet, or a time that may be behind the true
  /// last use.
  enum class Stored { kExactly, kNotYet, kMaybeBehind };
  /// Makes a pending entry live: from now on it admits.
  void make_live(EntryId id, store::RowId row, TableTime last_used, Stored stored) noexcept;
  /// Adds a dead entry, found by token alone; its user need not be in the table. Returns 0 if memory runs out
  /// or a bound is reached.
  EntryId add_dead(const Token& token, const store::BindingHash& binding, store::RowId row, Life reason,
                   TableTime died);
  /// Removes a dead or pending entry from its user. It no longer counts as one of the user's tokens, and is
  /// found by token alone. The user goes with the last entry.
  /// Requires: `can_retire()`.
  void leave_user(EntryId id);
  /// Gives the user this profile, on every core, unless one of the same or a later number was given before.
  /// A user who is not in the table needs none. Returns false if memory runs out; then nothing has changed.
  bool set_profile(std::int64_t user_id, const ProfileParts& parts);
  /// Frees an entry that has left its user; it is no longer found. Its number is free once the wheel lets go
  /// of it.
  void remove(EntryId id);
  /// Called when the wheel lets go of an entry: frees the number if the entry is free.
  void release_from_wheel(EntryId id) noexcept;

  /// The entry of a token with its binding, live or dead. Returns 0 if there is none.
  EntryId find(const Token& token, const store::BindingHash& binding) const noexcept;
  /// The user's live or pending entry with this binding. Returns 0 if there is none.
  EntryId find_bound(std::int64_t user_id, const store::BindingHash& binding) const noexcept;
  /// The user's live and pending entries; empty if the user is not in this table.
  UserTokens tokens_of(std::int64_t user_id) const noexcept;

  Entry& entry(EntryId id) const noexcept { return entries_[id]; }
  Token token_of(EntryId id) const noexcept;

  enum class Use {
    kLive,
    kSaveDue,  ///< live, and a refresh is due
    kTimedOut,
    kNotLive,
  };
  /// Uses a live entry at `now` and moves its time. `state` is passed in as it was seen and comes back as it
  /// was found.
  /// Thread: any core.
  Use use(Entry& entry, State& state, TableTime now) const noexcept;
  /// The length of one step of `State::lag`. A use that is neither saved nor due follows the last saved one
  /// by less than `State::kLagDue` steps: a tenth of the timeout, less the time that a write may take.
  std::int64_t lag_step_ms() const noexcept { return lag_step_ms_; }
  std::chrono::milliseconds most_time_to_write() const noexcept { return most_time_to_write_; }
  bool is_timed_out(State state, TableTime now) const noexcept {
    return now - state.last_used() >= settings_.timeout + kRefreshStep;
  }

  /// False while too much memory waits to be freed. No login and no death may begin then.
  bool can_retire() const noexcept { return quiescence_.has_room(core_, kMaxRetiredAtOnce); }
  /// Frees the memory that no core can be reading any more.
  void collect() noexcept { quiescence_.collect(core_); }
  /// All entry numbers are below this; for a walk through all of them.
  EntryId end() const noexcept { return entries_.end(); }
  bool is_used(EntryId id) const noexcept { return entries_.is_used(id); }
  /// Pending, live and dead.
  std::size_t entries() const noexcept { return entries_.used() - free_in_wheel_; }
  std::size_t users() const noexcept { return user_count_; }
  /// Cells in use in both indexes; zero when there is no entry.
  std::size_t index_cells() const noexcept { return parts_.by_token->size() + parts_.by_user->size(); }
  const TableSettings& settings() const noexcept { return settings_; }
  /// Bytes of slabs, indexes, long names and profiles. The Quiescence counts what waits to be freed.
  std::size_t bytes() const noexcept;

 private:
  static constexpr std::size_t kMaxRetiredAtOnce = 8;
  /// A user with more tokens than this has a cell in the index for each binding. With fewer, the user's
  /// entries are searched one by one.
  static constexpr std::uint32_t kMaxLookedThrough = 16;

  struct Parts {
    std::unique_ptr<Entries> entries;
    std::unique_ptr<Slab<UserRecord>> records;
    std::unique_ptr<NameSlabs> names;
    std::unique_ptr<runtime::PageHeap> heap;  // for both indexes
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
    // Slab numbers are below this bit.
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
  static void reclaim_profile(void* table, void* profile, std::size_t bytes) noexcept;
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
  const std::chrono::milliseconds most_time_to_write_;
  const std::int64_t lag_step_ms_;
  const std::uint64_t token_seed_;
  const std::uint64_t user_seed_;
  std::uint32_t next_generation_ = 1;
  std::size_t free_in_wheel_ = 0;  // free entries whose number the wheel still holds
  std::size_t user_count_ = 0;
  std::size_t outside_bytes_ = 0;
};

}  // namespace latchkey::token
