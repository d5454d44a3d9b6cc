#include "latchkey/token/table.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "latchkey/base/assert.h"

namespace latchkey::token {

namespace {

// The index by token is searched at every check, also for tokens that do not exist. It keeps more room than
// the index by user, which only a login or a death searches.
constexpr IndexShape kByToken = {.growth = 1.2, .fullest = 0.85};
constexpr IndexShape kByUser = {.growth = 1.125, .fullest = 0.92};

// Addresses for the indexes. An entry has a cell in each, and may have one for its binding. Arrays are up to
// one growth larger than their cells need, and leave gaps where they were.
constexpr std::size_t kMaxIndexBytesPerEntry = 64;
constexpr std::size_t kIndexBytesAtMost = std::size_t{64} << 20;  // in addition, for those of an empty table

// A crash may cost a tenth of the timeout (P-4). This much of that is left to the write itself.
constexpr std::chrono::milliseconds kMostTimeToWrite{2000};
constexpr std::int64_t kShareToWrite = 10;

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
  // Twice as many numbers as entries, because a free one may wait in the wheel for a while.
  LATCHKEY_TRY(auto entries, Entries::create(pages, quiescence, core, 2 * settings.max_entries));
  LATCHKEY_TRY(auto records, Slab<UserRecord>::create(pages, quiescence, core, settings.max_entries + 1));
  LATCHKEY_TRY(auto names, NameSlabs::create(pages, quiescence, core, settings.max_entries + 1));
  LATCHKEY_TRY(auto heap, runtime::PageHeap::create(
                              pages, kIndexBytesAtMost + settings.max_entries * kMaxIndexBytesPerEntry));
  LATCHKEY_TRY(auto by_token, Index::create(*heap, quiescence, core, settings.index_segments, kByToken));
  LATCHKEY_TRY(auto by_user, Index::create(*heap, quiescence, core, settings.index_segments, kByUser));
  Parts parts{std::move(entries), std::move(records),  std::move(names),
              std::move(heap),    std::move(by_token), std::move(by_user)};
  return std::unique_ptr<Table>(new Table(std::move(parts), quiescence, core, settings, random));
}

Table::Table(Parts parts, runtime::Quiescence& quiescence, runtime::CoreId core,
             const TableSettings& settings, Random& random)
    : parts_(std::move(parts)),
      entries_(*parts_.entries),
      records_(*parts_.records),
      quiescence_(quiescence),
      core_(core),
      settings_(settings),
      most_time_to_write_(std::min(kMostTimeToWrite, settings.timeout / 10 / kShareToWrite)),
      lag_step_ms_(
          std::max<std::int64_t>(1, (settings.timeout / 10 - most_time_to_write_).count() / State::kLagDue)),
      token_seed_(random_seed(random)),
      user_seed_(random_seed(random)) {}

Table::~Table() {
  // What was retired goes back to the slabs and the pages, which still exist.
  quiescence_.collect_all(core_);
  for (RecordId id = 1; id < records_.end(); ++id) {
    if (records_.is_used(id)) records_[id].end();
  }
}

Verdict Table::check(const Token& token, const store::BindingHash& binding, TableTime now) const noexcept {
  const SecretWords secret(token.secret());
  const BindingWords bound(binding);
  Verdict verdict;
  parts_.by_token->find(hash_of(token.secret()),
                        [&](EntryId id) { return look(id, token, secret, bound, now, verdict); });
  return verdict;
}

/// True if the entry is the token's; then `verdict` holds what may be told about it.
bool Table::look(EntryId id, const Token& token, const SecretWords& secret, const BindingWords& binding,
                 TableTime now, Verdict& verdict) const noexcept {
  Entry& entry = entries_[id];
  const State before = entry.state();
  if (before.life() < Life::kLive) return false;
  const bool same_secret = entry.has_secret(secret);
  const bool same_binding = entry.has_binding(binding);
  // Read before the second look and followed after it. While the entry lives this is its user, and what it
  // leads to stays as it is until this core's pass has ended.
  const auto [ref, lone] = entry.holder();
  State state = entry.state();
  if (state.generation() != before.generation() || !same_secret) return false;
  if (!same_binding) {
    verdict.detail = Detail::kElsewhere;
    return true;
  }
  if (state.life() == Life::kLive) {
    const Tag tag = ref.is_name() ? lone.tag() : records_[ref.record()].tag();
    if (tag != token.tag()) return true;
  }
  switch (use(entry, state, now)) {
    case Use::kLive:
      verdict = {Outcome::kAdmitted, Detail::kNone, view_of(ref, lone)};
      break;
    case Use::kSaveDue:
      verdict = {Outcome::kAdmitted, Detail::kNone, view_of(ref, lone), id};
      break;
    case Use::kTimedOut:
      verdict.outcome = Outcome::kExpired;
      break;
    case Use::kNotLive:
      if (state.generation() != before.generation()) break;
      verdict.outcome = outcome_of(state.life());
      if (state.life() == Life::kDeleted) verdict.detail = Detail::kEnded;
      break;
  }
  return true;
}

std::uint64_t Table::fetch_cell(const Token& token) const noexcept {
  const std::uint64_t hash = hash_of(token.secret());
  parts_.by_token->fetch(hash);
  return hash;
}

EntryId Table::fetch_entry(std::uint64_t hash) const noexcept {
  const EntryId id = parts_.by_token->find(hash, [](EntryId) { return true; });
  if (id != 0) __builtin_prefetch(&entries_[id]);
  return id;
}

void Table::fetch_user(EntryId id) const noexcept {
  const Entry& entry = entries_[id];
  if (entry.state().life() != Life::kLive) return;
  const UserRef user = entry.user();
  const void* const text = user.is_name() ? static_cast<const void*>(parts_.names->text(user.name()))
                                          : static_cast<const void*>(&records_[user.record()]);
  __builtin_prefetch(text);
}

UserView Table::view_of(UserRef ref, LoneUser lone) const noexcept {
  if (!ref.is_name()) return records_[ref.record()].view();
  const std::string_view name(parts_.names->text(ref.name()), lone.name_bytes());
  return {lone.id(), name, name};
}

Table::Use Table::use(Entry& entry, State& state, TableTime now) const noexcept {
  const std::uint32_t generation = state.generation();
  // A change fails because of another core's use, after which the time need not move, or because of a death.
  // So the loop ends soon.
  while (state.life() == Life::kLive && state.generation() == generation) {
    if (is_timed_out(state, now)) return Use::kTimedOut;
    if (now - state.last_used() < kRefreshStep) return Use::kLive;
    const State used = state.used_at(now, lag_step_ms_);
    if (entry.change(state, used)) {
      state = used;
      return used.is_save_due() ? Use::kSaveDue : Use::kLive;
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

EntryId Table::add(const NewEntry& entry) {
  LATCHKEY_ASSERT(can_retire());
  const EntryId id = take_entry(entry.token, entry.binding, entry.key_number);
  if (id == 0) return 0;
  if (give_user(id, entry)) return id;
  remove(id);
  return 0;
}

void Table::make_live(EntryId id, store::RowId row, TableTime last_used, Stored stored) noexcept {
  LATCHKEY_ASSERT(row > 0 && row <= store::kMaxRowId);
  Entry& entry = entries_[id];
  entry.set_row(row);
  State state = entry.state();
  LATCHKEY_ASSERT(state.life() == Life::kPending);
  State live(last_used, false, Life::kLive, state.generation());
  if (stored == Stored::kNotYet) live = live.not_saved();
  if (stored == Stored::kMaybeBehind) live = live.assumed();
  const bool changed = entry.change(state, live);
  LATCHKEY_ASSERT(changed);
}

EntryId Table::add_dead(const Token& token, const store::BindingHash& binding, store::RowId row, Life reason,
                        TableTime died) {
  const EntryId id = take_entry(token, binding, 0);
  if (id == 0) return 0;
  Entry& entry = entries_[id];
  entry.set_row(row);
  State state = entry.state();
  const bool changed = entry.change(state, state.dead(reason, died));
  LATCHKEY_ASSERT(changed);
  return id;
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

/// Returns an entry that is pending, filled and found by its token; 0 if memory runs out or the bound is
/// reached.
EntryId Table::take_entry(const Token& token, const store::BindingHash& binding, std::uint8_t key_number) {
  if (entries() >= settings_.max_entries) return 0;
  const EntryId id = parts_.entries->allocate();
  if (id == 0) return 0;
  Entry& entry = entries_[id];
  State state = entry.state();
  LATCHKEY_ASSERT(state.life() == Life::kFree);
  const bool changed = entry.change(state, State({}, false, Life::kPending, next_generation_));
  LATCHKEY_ASSERT(changed);
  next_generation_ = next_generation_ == State::kMaxGeneration ? 1 : next_generation_ + 1;
  entry.fill(SecretWords(token.secret()), BindingWords(binding), key_number);
  if (parts_.by_token->insert(hash_of(token.secret()), id)) return id;
  free_entry(id);
  return 0;
}

std::size_t Table::bytes() const noexcept {
  return entries_.bytes() + records_.bytes() + parts_.names->bytes() + parts_.heap->bytes() + outside_bytes_;
}

}  // namespace latchkey::token
