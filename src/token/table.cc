#include "latchkey/token/table.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <array>
#include <cstring>
#include <utility>

#include "latchkey/base/assert.h"

namespace latchkey::token {

namespace {

// The index by user holds cells of two kinds. The lowest bit of the fingerprint tells them apart, so that a
// number of an entry is never taken for one of a slot.
constexpr std::uint64_t kKindBit = std::uint64_t{1} << 32;

std::uint64_t random_seed(Random& random) noexcept {
  std::uint64_t seed = 0;
  const auto bytes = random.bytes<sizeof seed>();
  std::memcpy(&seed, bytes.data(), sizeof seed);
  return seed;
}

void destroy_record(void*, void* record, std::size_t) noexcept {
  UserRecord::destroy(static_cast<UserRecord*>(record));
}

}  // namespace

Result<std::unique_ptr<Table>> Table::create(runtime::PageClient& pages, runtime::Quiescence& quiescence,
                                             runtime::CoreId core, const TableSettings& settings,
                                             Random& random) {
  LATCHKEY_ASSERT(settings.max_entries <= TableSettings::kMaxEntries);
  // Twice as many numbers as entries: a free one may wait in the wheel for a while.
  auto entries = Slab<Entry>::create(pages, quiescence, core, 2 * settings.max_entries);
  if (!entries) return tl::unexpected<Error>(std::move(entries.error()));
  auto users = Slab<UserSlot>::create(pages, quiescence, core, settings.max_entries + 1);
  if (!users) return tl::unexpected<Error>(std::move(users.error()));
  auto by_token = Index::create(pages, quiescence, core, settings.index_segments);
  if (!by_token) return tl::unexpected<Error>(std::move(by_token.error()));
  auto by_user = Index::create(pages, quiescence, core, settings.index_segments);
  if (!by_user) return tl::unexpected<Error>(std::move(by_user.error()));
  return std::unique_ptr<Table>(
      new Table({std::move(*entries), std::move(*users), std::move(*by_token), std::move(*by_user)},
                quiescence, core, settings, random));
}

Table::Table(Parts parts, runtime::Quiescence& quiescence, runtime::CoreId core,
             const TableSettings& settings, Random& random)
    : parts_(std::move(parts)),
      entries_(*parts_.entries),
      users_(*parts_.users),
      quiescence_(quiescence),
      core_(core),
      settings_(settings),
      token_seed_(random_seed(random)),
      user_seed_(random_seed(random)) {}

Table::~Table() {
  for (UserSlotId slot = 1; slot < users_.end(); ++slot) {
    if (users_.is_used(slot)) UserRecord::destroy(users_[slot].record.load(std::memory_order_relaxed));
  }
  // What was retired goes back to the slabs and to the pages, which are still there.
  quiescence_.collect_all(core_);
}

Verdict Table::check(const Token& token, const store::BindingHash& binding, TableTime now) const noexcept {
  const SecretWords secret(token.secret());
  const BindingWords bound(binding);
  Verdict verdict;
  parts_.by_token->find(hash_of(token.secret()), [&](EntryId id) {
    Entry& entry = entries_[id];
    const State before = entry.state();
    if (before.life() < Life::kLive) return false;
    const bool same_secret = entry.has_secret(secret);
    const bool same_binding = entry.has_binding(bound);
    // Read before the second look: while the entry lives its user's slot is not anybody else's.
    const UserRecord* const user = users_[entry.user_slot()].record.load(std::memory_order_acquire);
    State state = entry.state();
    if (state.generation() != before.generation() || !same_secret) return false;
    if (!same_binding || (state.life() == Life::kLive && user->tag() != token.tag())) return true;
    switch (use(entry, state, now)) {
      case Use::kLive:
        verdict = {Outcome::kAdmitted, user};
        break;
      case Use::kTimedOut:
        verdict.outcome = Outcome::kExpired;
        break;
      case Use::kNotLive:
        if (state.generation() == before.generation()) verdict.outcome = outcome_of(state.life());
        break;
    }
    return true;
  });
  return verdict;
}

Table::Use Table::use(Entry& entry, State& state, TableTime now) const noexcept {
  const std::uint32_t generation = state.generation();
  // A change that fails is another core's use, after which the time need not move, or a death: it ends soon.
  while (state.life() == Life::kLive && state.generation() == generation) {
    if (is_timed_out(state, now)) return Use::kTimedOut;
    if (now.ms - state.last_used().ms < kRefreshStepMs) return Use::kLive;
    if (entry.change(state, state.used_at(now))) {
      state = state.used_at(now);
      return Use::kLive;
    }
  }
  return Use::kNotLive;
}

Outcome Table::outcome_of(Life life) noexcept {
  switch (life) {
    case Life::kExpired:
    case Life::kDeleted:
      return Outcome::kExpired;
    case Life::kLimit:
      return Outcome::kLimit;
    case Life::kInactive:
      return Outcome::kInactive;
    case Life::kFree:
    case Life::kPending:
    case Life::kLive:
      break;
  }
  return Outcome::kUnknown;
}

std::uint64_t Table::hash_of(std::span<const std::uint8_t, kSecretBytes> secret) const noexcept {
  return XXH3_64bits_withSeed(secret.data(), secret.size(), token_seed_);
}

std::uint64_t Table::hash_of(std::int64_t user_id) const noexcept {
  return XXH3_64bits_withSeed(&user_id, sizeof user_id, user_seed_) | kKindBit;
}

std::uint64_t Table::hash_of(std::int64_t user_id, const store::BindingHash& binding) const noexcept {
  std::array<std::uint8_t, sizeof user_id + sizeof binding> key;
  std::memcpy(key.data(), &user_id, sizeof user_id);
  std::memcpy(key.data() + sizeof user_id, binding.data(), sizeof binding);
  return XXH3_64bits_withSeed(key.data(), key.size(), user_seed_) & ~kKindBit;
}

EntryId Table::add(const NewEntry& entry) {
  LATCHKEY_ASSERT(can_retire());
  const UserSlotId slot = find_or_add_user(entry);
  if (slot == 0) return 0;
  const EntryId id = take_entry(entry.token, entry.binding, entry.key_number, slot);
  if (id == 0) {
    if (users_[slot].count == 0) drop_user(slot);
    return 0;
  }
  append(slot, id);
  if (parts_.by_user->insert(hash_of(entry.user_id, entry.binding), id)) return id;
  detach(id);
  remove(id);
  return 0;
}

void Table::make_live(EntryId id, store::RowId row, TableTime last_used, bool unsaved) noexcept {
  LATCHKEY_ASSERT(row > 0 && row <= store::kMaxRowId);
  Entry& entry = entries_[id];
  entry.set_row(row);
  State state = entry.state();
  LATCHKEY_ASSERT(state.life() == Life::kPending);
  const bool changed = entry.change(state, State(last_used, unsaved, Life::kLive, state.generation()));
  LATCHKEY_ASSERT(changed);
}

EntryId Table::add_dead(const Token& token, const store::BindingHash& binding, store::RowId row, Life reason,
                        TableTime died) {
  const EntryId id = take_entry(token, binding, 0, 0);
  if (id == 0) return 0;
  Entry& entry = entries_[id];
  entry.set_row(row);
  State state = entry.state();
  const bool changed = entry.change(state, state.dead(reason, died));
  LATCHKEY_ASSERT(changed);
  return id;
}

void Table::leave_user(EntryId id) {
  const Entry& entry = entries_[id];
  const UserRecord* const user = users_[entry.user_slot()].record.load(std::memory_order_relaxed);
  parts_.by_user->erase(hash_of(user->id(), entry.binding()), id);
  detach(id);
}

void Table::remove(EntryId id) {
  Entry& entry = entries_[id];
  parts_.by_token->erase(hash_of(entry.secret()), id);
  free_entry(id);
}

void Table::free_entry(EntryId id) noexcept {
  Entry& entry = entries_[id];
  State state = entry.state();
  const bool changed = entry.change(state, State({}, false, Life::kFree, state.generation()));
  LATCHKEY_ASSERT(changed);
  if (entry.wheel_next() == 0) {
    parts_.entries->release(id);
  } else {
    ++free_in_wheel_;
  }
}

void Table::release_from_wheel(EntryId id) noexcept {
  entries_[id].set_wheel_next(0);
  if (entries_[id].state().life() != Life::kFree) return;
  --free_in_wheel_;
  parts_.entries->release(id);
}

EntryId Table::find(const Token& token, const store::BindingHash& binding) const noexcept {
  const SecretWords secret(token.secret());
  const BindingWords bound(binding);
  const EntryId id = parts_.by_token->find(
      hash_of(token.secret()), [&](EntryId candidate) { return entries_[candidate].has_secret(secret); });
  if (id == 0 || !entries_[id].has_binding(bound) || entries_[id].state().life() < Life::kLive) return 0;
  if (entries_[id].state().life() != Life::kLive) return id;
  return token_of(id) == token ? id : 0;
}

EntryId Table::find_bound(std::int64_t user_id, const store::BindingHash& binding) const noexcept {
  const BindingWords bound(binding);
  return parts_.by_user->find(hash_of(user_id, binding), [&](EntryId id) {
    const Entry& entry = entries_[id];
    return entry.has_binding(bound) &&
           users_[entry.user_slot()].record.load(std::memory_order_relaxed)->id() == user_id;
  });
}

UserSlotId Table::find_user(std::int64_t user_id) const noexcept {
  return parts_.by_user->find(hash_of(user_id), [&](UserSlotId slot) {
    return users_[slot].record.load(std::memory_order_relaxed)->id() == user_id;
  });
}

Token Table::token_of(EntryId id) const noexcept {
  const UserRecord* const user = users_[entries_[id].user_slot()].record.load(std::memory_order_relaxed);
  return {user->tag(), entries_[id].secret()};
}

/// An entry that is pending and filled and found by its token; 0 where memory or the bound ends.
EntryId Table::take_entry(const Token& token, const store::BindingHash& binding, std::uint8_t key_number,
                          UserSlotId user) {
  if (entries() >= settings_.max_entries) return 0;
  const EntryId id = parts_.entries->allocate();
  if (id == 0) return 0;
  Entry& entry = entries_[id];
  State state = entry.state();
  LATCHKEY_ASSERT(state.life() == Life::kFree);
  const bool changed = entry.change(state, State({}, false, Life::kPending, next_generation_));
  LATCHKEY_ASSERT(changed);
  next_generation_ = next_generation_ == State::kMaxGeneration ? 1 : next_generation_ + 1;
  entry.fill(SecretWords(token.secret()), BindingWords(binding), key_number, user);
  if (parts_.by_token->insert(hash_of(token.secret()), id)) return id;
  free_entry(id);
  return 0;
}

UserSlotId Table::find_or_add_user(const NewEntry& entry) {
  const UserSlotId found = find_user(entry.user_id);
  if (found != 0) return found;
  const UserSlotId slot = parts_.users->allocate();
  if (slot == 0) return 0;
  UserRecord* const record = UserRecord::create(entry.user_id, entry.token.tag(), entry.user_name);
  UserSlot& user = users_[slot];
  user.first = 0;
  user.last = 0;
  user.count = 0;
  user.record.store(record, std::memory_order_release);
  record_bytes_ += record->bytes();
  if (parts_.by_user->insert(hash_of(entry.user_id), slot)) return slot;
  record_bytes_ -= record->bytes();
  user.record.store(nullptr, std::memory_order_release);
  UserRecord::destroy(record);  // no entry has led anybody to it
  parts_.users->release(slot);
  return 0;
}

void Table::drop_user(UserSlotId slot) {
  UserSlot& user = users_[slot];
  UserRecord* const record = user.record.load(std::memory_order_relaxed);
  parts_.by_user->erase(hash_of(record->id()), slot);
  user.record.store(nullptr, std::memory_order_release);
  record_bytes_ -= record->bytes();
  quiescence_.retire(core_, destroy_record, nullptr, record, record->bytes());
  parts_.users->release(slot);
}

void Table::append(UserSlotId slot, EntryId id) noexcept {
  UserSlot& user = users_[slot];
  entries_[id].set_previous(user.last);
  if (user.last == 0) {
    user.first = id;
  } else {
    entries_[user.last].set_next(id);
  }
  user.last = id;
  ++user.count;
}

void Table::detach(EntryId id) {
  Entry& entry = entries_[id];
  const UserSlotId slot = entry.user_slot();
  UserSlot& user = users_[slot];
  const EntryId previous = entry.previous();
  const EntryId next = entry.next();
  if (previous == 0) {
    user.first = next;
  } else {
    entries_[previous].set_next(next);
  }
  if (next == 0) {
    user.last = previous;
  } else {
    entries_[next].set_previous(previous);
  }
  entry.set_previous(0);
  entry.set_next(0);
  if (--user.count == 0) drop_user(slot);
}

std::size_t Table::bytes() const noexcept {
  return entries_.bytes() + users_.bytes() + parts_.by_token->bytes() + parts_.by_user->bytes() +
         record_bytes_;
}

}  // namespace latchkey::token
