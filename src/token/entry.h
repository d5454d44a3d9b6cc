// Entry: one token in memory: a cache line of 64 bytes that never moves.
// Thread: the shard's owner writes it. Any core reads it without a lock and may refresh it. Every word that
// two threads touch is an atomic with acquire and release, and the state word changes by compare-and-swap
// alone.
//
//   word 0  state         drawn at State
//   word 1  secret        bytes 0 to 7
//   word 2  secret        bytes 8 to 15
//   word 3  secret, row   drawn at Entry
//   word 4  binding       bytes 0 to 7
//   word 5  binding       bytes 8 to 15
//   word 6  user, wheel   drawn at Entry
//   word 7  user's list   drawn at Entry; for a lone user, the user: drawn at LoneUser
//
// Each drawing names the parts from the highest bit down, with their sizes in bits. static_asserts hold the
// code to it.
//
// A lone user has no record: the entry says who it is, and the reference in word 6 leads to the name. With
// the second token the user gets a record: word 6 changes first, then word 7. A reader therefore reads word
// 6, word 7 and word 6 again. If both reads of word 6 agree, word 7 belongs to it.
//
// A reader knows that the words belong together because it loads the state, the words, and the state again. A
// writer that reuses an entry changes the state first (new generation, pending), then the words. A reader
// that saw a word of the new use therefore sees the new generation in its second look, and lets go.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <span>

#include "latchkey/store/session.h"
#include "latchkey/token/format.h"
#include "latchkey/token/table_time.h"
#include "token/hold.h"
#include "token/name_slabs.h"

namespace latchkey::token {

/// Number of an entry in its shard's slab. 0 means none.
using EntryId = std::uint32_t;
/// Number of a user's record in its shard's slab. 0 means none.
using RecordId = std::uint32_t;

/// Leads from an entry to its user: to a record or, for a lone user, to the text of the name.
class UserRef {
 public:
  constexpr UserRef() noexcept = default;  ///< no user
  constexpr explicit UserRef(std::uint32_t word) noexcept : word_(word) {}
  static constexpr UserRef to_record(RecordId id) noexcept { return UserRef(id); }
  static constexpr UserRef to_name(NameRef name) noexcept { return UserRef(name | kNameBit); }

  constexpr bool is_name() const noexcept { return (word_ & kNameBit) != 0; }
  constexpr NameRef name() const noexcept { return word_ & ~kNameBit; }
  constexpr RecordId record() const noexcept { return word_; }
  constexpr std::uint32_t word() const noexcept { return word_; }
  bool operator==(const UserRef&) const = default;

 private:
  static constexpr std::uint32_t kNameBit = std::uint32_t{1} << 31;
  std::uint32_t word_ = 0;
};

/// A lone user, except for the text of the name: what fits in word 7 of the entry.
///
///   id 40 | bytes of the name 8 | tag 16
class LoneUser {
 public:
  static constexpr int kTagBits = 16;
  static constexpr int kNameBits = 8;
  static constexpr int kIdBits = 40;
  static_assert(kIdBits == 40 && kNameBits == 8 && kTagBits == 16, "as drawn above");
  static_assert(kTagBits == 8 * sizeof(Tag));
  static constexpr std::int64_t kMaxId = (std::int64_t{1} << kIdBits) - 1;
  static constexpr std::size_t kMaxNameBytes = (std::size_t{1} << kNameBits) - 1;

  constexpr explicit LoneUser(std::uint64_t word) noexcept : word_(word) {}
  /// Requires: `id` is from 0 to kMaxId.
  constexpr LoneUser(std::int64_t id, std::uint8_t name_bytes, Tag tag) noexcept
      : word_(static_cast<std::uint64_t>(id) << kIdShift | std::uint64_t{name_bytes} << kNameShift | tag) {}

  constexpr std::int64_t id() const noexcept { return static_cast<std::int64_t>(word_ >> kIdShift); }
  constexpr std::size_t name_bytes() const noexcept { return word_ >> kNameShift & kMaxNameBytes; }
  constexpr Tag tag() const noexcept { return static_cast<Tag>(word_); }
  constexpr std::uint64_t word() const noexcept { return word_; }

 private:
  static constexpr int kNameShift = kTagBits;
  static constexpr int kIdShift = kNameShift + kNameBits;
  static_assert(kIdShift + kIdBits == 64);

  std::uint64_t word_;
};

enum class Life : std::uint8_t {
  kFree = 0,
  kPending = 1,  ///< its login is not durable yet; it admits nobody, and its words may be half written
  kLive = 2,
  kExpired = 3,  ///< dead from here on; the words stay until the entry is free
  kDeleted = 4,
  kLimit = 5,
  kInactive = 6,
};

constexpr bool is_dead(Life life) noexcept { return life >= Life::kExpired; }

/// The life that a recorded death leads to.
constexpr Life life_of(store::Death death) noexcept {
  switch (death) {
    case store::Death::kNone:
      return Life::kLive;
    case store::Death::kExpired:
      return Life::kExpired;
    case store::Death::kDeleted:
      return Life::kDeleted;
    case store::Death::kLimit:
      return Life::kLimit;
    case store::Death::kInactive:
      return Life::kInactive;
  }
  return Life::kDeleted;
}

/// The state word as a value.
///
///   last used 40 | unsaved 1 | lag 3 | life 3 | generation 17
class State {
 public:
  static constexpr int kGenerationBits = 17;
  static constexpr int kLifeBits = 3;
  static constexpr int kLagBits = 3;
  static constexpr int kUnsavedBits = 1;
  static constexpr int kTimeBits = kTableTimeBits;
  static_assert(kTimeBits == 40 && kUnsavedBits == 1 && kLagBits == 3 && kLifeBits == 3 &&
                    kGenerationBits == 17,
                "as drawn above");
  static constexpr std::uint32_t kMaxGeneration = (1U << kGenerationBits) - 1;
  /// From this lag on, a refresh is due.
  static constexpr std::uint32_t kLagDue = 4;
  static constexpr std::uint32_t kMaxLag = (1U << kLagBits) - 1;

  constexpr State() noexcept = default;
  constexpr explicit State(std::uint64_t word) noexcept : word_(word) {}
  constexpr State(TableTime last_used, bool unsaved, Life life, std::uint32_t generation,
                  std::uint32_t lag = 0) noexcept
      : word_(static_cast<std::uint64_t>(last_used.ms) << kTimeShift |
              static_cast<std::uint64_t>(unsaved) << kUnsavedShift |
              static_cast<std::uint64_t>(lag) << kLagShift | static_cast<std::uint64_t>(life) << kLifeShift |
              generation) {}

  /// For a live entry, a time at most a second before the true last use. For a dead one, when it died.
  constexpr TableTime last_used() const noexcept { return {static_cast<std::int64_t>(word_ >> kTimeShift)}; }
  /// True if the store has an older time than `last_used`.
  constexpr bool unsaved() const noexcept { return (word_ >> kUnsavedShift & 1) != 0; }
  /// How far the store's time is behind, in steps of the table, at most kMaxLag. After a crash the store's
  /// time may be further behind than anyone knows; the lag is then kMaxLag although there is nothing to save
  /// yet.
  constexpr std::uint32_t lag() const noexcept {
    return static_cast<std::uint32_t>(word_ >> kLagShift) & kMaxLag;
  }
  constexpr bool is_save_due() const noexcept { return unsaved() && lag() >= kLagDue; }
  constexpr Life life() const noexcept { return static_cast<Life>(word_ >> kLifeShift & kMaxLife); }
  constexpr std::uint32_t generation() const noexcept {
    return static_cast<std::uint32_t>(word_) & kMaxGeneration;
  }
  constexpr std::uint64_t word() const noexcept { return word_; }

  /// `step_ms` is the length of one step of the lag. Steps are counted from a common origin, so they add up
  /// without a remainder.
  constexpr State used_at(TableTime time, std::int64_t step_ms) const noexcept {
    const std::int64_t steps = time.ms / step_ms - last_used().ms / step_ms;
    const auto lag_then = static_cast<std::uint32_t>(std::clamp<std::int64_t>(lag() + steps, 0, kMaxLag));
    return {time, true, life(), generation(), lag_then};
  }
  constexpr State saved() const noexcept { return {last_used(), false, life(), generation()}; }
  /// The save failed: due at once.
  constexpr State not_saved() const noexcept { return {last_used(), true, life(), generation(), kMaxLag}; }
  /// As read from a store whose time may be behind the true one.
  constexpr State assumed() const noexcept { return {last_used(), false, life(), generation(), kMaxLag}; }
  constexpr State dead(Life reason, TableTime died) const noexcept {
    return {died, false, reason, generation()};
  }

  bool operator==(const State&) const = default;

 private:
  static constexpr std::uint32_t kMaxLife = (1U << kLifeBits) - 1;
  static_assert(static_cast<std::uint32_t>(Life::kInactive) <= kMaxLife);

  static constexpr int kLifeShift = kGenerationBits;
  static constexpr int kLagShift = kLifeShift + kLifeBits;
  static constexpr int kUnsavedShift = kLagShift + kLagBits;
  static constexpr int kTimeShift = kUnsavedShift + kUnsavedBits;
  static_assert(kTimeShift + kTimeBits == 64);

  std::uint64_t word_ = 0;
};

/// A token's secret as the words of the entry hold it.
struct SecretWords {
  std::uint64_t first;
  std::uint64_t second;
  std::uint16_t third;

  explicit SecretWords(std::span<const std::uint8_t, kSecretBytes> secret) noexcept {
    std::memcpy(&first, secret.data(), 8);
    std::memcpy(&second, secret.data() + 8, 8);
    std::memcpy(&third, secret.data() + 16, 2);
  }
};

struct BindingWords {
  std::uint64_t first;
  std::uint64_t second;

  explicit BindingWords(const store::BindingHash& hash) noexcept {
    std::memcpy(&first, hash.data(), 8);
    std::memcpy(&second, hash.data() + 8, 8);
  }
};

/// The words of two or more parts, except for the state and a lone user:
///
///   word 3   secret bytes 16 and 17 16 | key number 8 | store row 40
///   word 6   reference to the user 32 | next in the wheel 32
///   word 7   previous in the user's list 32 | next 32
class alignas(64) Entry {
 public:
  // --- Any thread.

  State state() const noexcept { return State(words_[kState].load(std::memory_order_acquire)); }
  /// False if the state was no longer `expected`; `expected` is then set to the state found.
  bool change(State& expected, State desired) noexcept {
    std::uint64_t word = expected.word();
    if (words_[kState].compare_exchange_strong(word, desired.word(), std::memory_order_acq_rel,
                                               std::memory_order_acquire)) {
      return true;
    }
    expected = State(word);
    return false;
  }
  /// Runs in constant time: its duration does not tell which bits differ.
  bool has_secret(const SecretWords& secret) const noexcept {
    return ((load(kSecret) ^ secret.first) | (load(kSecret + 1) ^ secret.second) |
            (load(kRow) >> kSecretShift ^ secret.third)) == 0;
  }
  bool has_binding(const BindingWords& binding) const noexcept {
    return ((load(kBinding) ^ binding.first) | (load(kBinding + 1) ^ binding.second)) == 0;
  }
  struct Holder {
    UserRef user;
    LoneUser lone;  ///< if `user` is a name
  };
  /// The reference to the user, as it was at one moment. It looks again if the user has just got a second
  /// token; that happens at most once while the entry lives. `hold` is called between the two words.
  template <class Hold = NoHold>
  Holder holder(Hold&& hold = {}) const noexcept {
    UserRef seen = user();
    while (true) {
      hold();
      const LoneUser lone(load(kList));
      const UserRef again = user();
      if (again == seen) return {seen, lone};
      seen = again;
    }
  }

  // --- The owner.

  UserRef user() const noexcept {
    return UserRef(static_cast<std::uint32_t>(load(kUserAndWheel) >> kHalfShift));
  }
  /// Requires: `user()` is a name.
  LoneUser lone_user() const noexcept { return LoneUser(load(kList)); }

  /// Fills the entry for a new use, once the state says pending. It has no user yet.
  void fill(const SecretWords& secret, const BindingWords& binding, std::uint8_t key_number) noexcept {
    store(kSecret, secret.first);
    store(kSecret + 1, secret.second);
    store(kRow, std::uint64_t{secret.third} << kSecretShift | std::uint64_t{key_number} << kKeyShift);
    store(kBinding, binding.first);
    store(kBinding + 1, binding.second);
    store(kUserAndWheel, 0);
    store(kList, 0);
  }
  /// Requires: the entry is pending and has no user.
  void set_lone_user(UserRef name, LoneUser user) noexcept {
    store(kList, user.word());
    set_user(name);
  }
  /// Puts the entry in a list: its user's, or nobody's. At first it is alone there.
  void set_listed_user(UserRef user) noexcept {
    set_user(user);
    store(kList, 0);
  }

  Secret secret() const noexcept {
    Secret secret;
    const std::uint64_t first = load(kSecret);
    const std::uint64_t second = load(kSecret + 1);
    const auto third = static_cast<std::uint16_t>(load(kRow) >> kSecretShift);
    std::memcpy(secret.data(), &first, 8);
    std::memcpy(secret.data() + 8, &second, 8);
    std::memcpy(secret.data() + 16, &third, 2);
    return secret;
  }
  store::BindingHash binding() const noexcept {
    store::BindingHash hash;
    const std::uint64_t first = load(kBinding);
    const std::uint64_t second = load(kBinding + 1);
    std::memcpy(hash.data(), &first, 8);
    std::memcpy(hash.data() + 8, &second, 8);
    return hash;
  }

  std::uint8_t key_number() const noexcept { return static_cast<std::uint8_t>(load(kRow) >> kKeyShift); }
  store::RowId row() const noexcept { return static_cast<store::RowId>(load(kRow)) & store::kMaxRowId; }
  void set_row(store::RowId row) noexcept {
    store(kRow,
          (load(kRow) & ~static_cast<std::uint64_t>(store::kMaxRowId)) | static_cast<std::uint64_t>(row));
  }

  std::uint32_t wheel_next() const noexcept { return static_cast<std::uint32_t>(load(kUserAndWheel)); }
  void set_wheel_next(std::uint32_t next) noexcept {
    store(kUserAndWheel, (load(kUserAndWheel) & kHighHalf) | next);
  }

  /// 0 at the ends of the list, and for the entry of a lone user.
  EntryId previous() const noexcept {
    return user().is_name() ? 0 : static_cast<EntryId>(load(kList) >> kHalfShift);
  }
  EntryId next() const noexcept { return user().is_name() ? 0 : static_cast<EntryId>(load(kList)); }
  void set_previous(EntryId id) noexcept { store(kList, std::uint64_t{id} << kHalfShift | next()); }
  void set_next(EntryId id) noexcept { store(kList, (load(kList) & kHighHalf) | id); }

 private:
  static constexpr std::size_t kState = 0;
  static constexpr std::size_t kSecret = 1;
  static constexpr std::size_t kRow = 3;
  static constexpr std::size_t kBinding = 4;
  static constexpr std::size_t kUserAndWheel = 6;
  static constexpr std::size_t kList = 7;
  static constexpr int kKeyShift = store::kRowIdBits;
  static constexpr int kSecretShift = kKeyShift + 8 * sizeof(std::uint8_t);
  static_assert(store::kRowIdBits == 40 && kSecretShift == 48 &&
                    kSecretShift + 8 * sizeof(SecretWords::third) == 64,
                "as drawn above");
  static constexpr int kHalfShift = 32;
  static_assert(sizeof(EntryId) == 4 && sizeof(UserRef) == 4, "halves of a word, as drawn above");
  static constexpr std::uint64_t kHighHalf = ~std::uint64_t{0} << kHalfShift;

  void set_user(UserRef user) noexcept {
    store(kUserAndWheel, std::uint64_t{user.word()} << kHalfShift | wheel_next());
  }

  // Acquire, so that the second look at the state comes after every word.
  std::uint64_t load(std::size_t word) const noexcept { return words_[word].load(std::memory_order_acquire); }
  void store(std::size_t word, std::uint64_t value) noexcept {
    words_[word].store(value, std::memory_order_release);
  }

  std::atomic<std::uint64_t> words_[8]{};
};

static_assert(sizeof(Entry) == 64 && alignof(Entry) == 64);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

}  // namespace latchkey::token
