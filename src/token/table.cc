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
// number of an entry is never taken for one of a user.
constexpr std::uint64_t kKindBit = std::uint64_t{1} << 32;

std::uint64_t random_seed(Random& random) noexcept {
  std::uint64_t seed = 0;
  const auto bytes = random.bytes<sizeof seed>();
  std::memcpy(&seed, bytes.data(), sizeof seed);
  return seed;
}

}  // namespace

Result<std::unique_ptr<Table>> Table::create(runtime::PageClient& pages, runtime::Quiescence& quiescence,
                                             runtime::CoreId core, const TableSettings& settings,
                                             Random& random) {
  LATCHKEY_ASSERT(settings.max_entries <= TableSettings::kMaxEntries);
  // Twice as many numbers as entries: a free one may wait in the wheel for a while.
  auto entries = Slab<Entry>::create(pages, quiescence, core, 2 * settings.max_entries);
  if (!entries) return tl::unexpected<Error>(std::move(entries.error()));
  auto users = Slab<UserRecord>::create(pages, quiescence, core, settings.max_entries + 1);
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
  // What was retired goes back to the slabs and to the pages, which are still there.
  quiescence_.collect_all(core_);
  for (UserId id = 1; id < users_.end(); ++id) {
    if (users_.is_used(id)) users_[id].end();
  }
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
    // Read before the second look, and followed after it: while the entry lives this is its user, and what it
    // leads to stays as it is until this core's pass has ended.
    const UserId user_id = entry.user();
    State state = entry.state();
    if (state.generation() != before.generation() || !same_secret) return false;
    if (!same_binding) return true;
    const UserRecord* const user = state.life() == Life::kLive ? &users_[user_id] : nullptr;
    if (user != nullptr && user->tag() != token.tag()) return true;
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
  const UserId user = find_or_add_user(entry);
  if (user == 0) return 0;
  const EntryId id = take_entry(entry.token, entry.binding, entry.key_number, user);
  if (id == 0) {
    if (users_[user].tokens.count == 0) drop_user(user);
    return 0;
  }
  append(user, id);
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
  parts_.by_user->erase(hash_of(users_[entry.user()].id(), entry.binding()), id);
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
    return entries_[id].has_binding(bound) && users_[entries_[id].user()].id() == user_id;
  });
}

UserId Table::find_user(std::int64_t user_id) const noexcept {
  return parts_.by_user->find(hash_of(user_id), [&](UserId id) { return users_[id].id() == user_id; });
}

Token Table::token_of(EntryId id) const noexcept {
  return {users_[entries_[id].user()].tag(), entries_[id].secret()};
}

/// An entry that is pending and filled and found by its token; 0 where memory or the bound ends.
EntryId Table::take_entry(const Token& token, const store::BindingHash& binding, std::uint8_t key_number,
                          UserId user) {
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

UserId Table::find_or_add_user(const NewEntry& entry) {
  const UserId found = find_user(entry.user_id);
  if (found != 0) return found;
  const UserId id = parts_.users->allocate();
  if (id == 0) return 0;
  UserRecord& user = users_[id];
  user.begin(entry.user_id, entry.token.tag(), entry.user_name);
  outside_bytes_ += user.bytes_outside();
  if (parts_.by_user->insert(hash_of(entry.user_id), id)) return id;
  end_user(user);  // no entry has led anybody to it
  return 0;
}

void Table::drop_user(UserId id) {
  UserRecord& user = users_[id];
  parts_.by_user->erase(hash_of(user.id()), id);
  ++users_leaving_;
  quiescence_.retire(core_, reclaim_user, this, &user, sizeof user);
}

void Table::reclaim_user(void* table, void* record, std::size_t) noexcept {
  auto& self = *static_cast<Table*>(table);
  --self.users_leaving_;
  self.end_user(*static_cast<UserRecord*>(record));
}

void Table::end_user(UserRecord& user) noexcept {
  outside_bytes_ -= user.bytes_outside();
  user.end();
  parts_.users->release(static_cast<UserId>(&user - &users_[0]));
}

void Table::append(UserId user, EntryId id) noexcept {
  UserRecord::Tokens& tokens = users_[user].tokens;
  entries_[id].set_previous(tokens.last);
  if (tokens.last == 0) {
    tokens.first = id;
  } else {
    entries_[tokens.last].set_next(id);
  }
  tokens.last = id;
  ++tokens.count;
}

void Table::detach(EntryId id) {
  Entry& entry = entries_[id];
  const UserId user = entry.user();
  UserRecord::Tokens& tokens = users_[user].tokens;
  const EntryId previous = entry.previous();
  const EntryId next = entry.next();
  if (previous == 0) {
    tokens.first = next;
  } else {
    entries_[previous].set_next(next);
  }
  if (next == 0) {
    tokens.last = previous;
  } else {
    entries_[next].set_previous(previous);
  }
  entry.set_previous(0);
  entry.set_next(0);
  if (--tokens.count == 0) drop_user(user);
}

std::size_t Table::bytes() const noexcept {
  return entries_.bytes() + users_.bytes() + parts_.by_token->bytes() + parts_.by_user->bytes() +
         outside_bytes_;
}

}  // namespace latchkey::token
