// Links entries to users: which user an entry belongs to, and which entries a user has. A lone user has no
// record, because the entry itself says who it is. With the second token, or a profile, the user gets a
// record, and keeps it until the last token goes.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <array>
#include <bit>
#include <cstring>
#include <optional>

#include "latchkey/base/assert.h"
#include "latchkey/token/table.h"

namespace latchkey::token {

namespace {

// The index by user holds cells of users and cells of users' bindings. The lowest bit of the fingerprint
// tells them apart.
constexpr std::uint64_t kUserBit = std::uint64_t{1} << 32;

}  // namespace

std::uint64_t Table::hash_of(std::int64_t user_id) const noexcept {
  return XXH3_64bits_withSeed(&user_id, sizeof user_id, user_seed_) | kUserBit;
}

std::uint64_t Table::hash_of(std::int64_t user_id, const store::BindingHash& binding) const noexcept {
  std::array<std::uint8_t, sizeof user_id + sizeof binding> key;
  std::memcpy(key.data(), &user_id, sizeof user_id);
  std::memcpy(key.data() + sizeof user_id, binding.data(), sizeof binding);
  return XXH3_64bits_withSeed(key.data(), key.size(), user_seed_) & ~kUserBit;
}

Table::UserCell Table::find_user(std::int64_t user_id) const noexcept {
  return UserCell(parts_.by_user->find(hash_of(user_id), [&](std::uint32_t value) {
    const UserCell cell(value);
    return (cell.is_entry() ? entries_[cell.entry()].lone_user().id() : records_[cell.record()].id()) ==
           user_id;
  }));
}

UserTokens Table::tokens_of(std::int64_t user_id) const noexcept {
  const UserCell user = find_user(user_id);
  if (user.is_none()) return {};
  if (user.is_entry()) return {user.entry(), user.entry(), 1};
  return records_[user.record()].tokens;
}

EntryId Table::find_bound(std::int64_t user_id, const store::BindingHash& binding) const noexcept {
  const BindingWords bound(binding);
  const UserCell user = find_user(user_id);
  if (user.is_none()) return 0;
  if (user.is_entry()) return entries_[user.entry()].has_binding(bound) ? user.entry() : 0;
  const UserRecord& record = records_[user.record()];
  if (record.found_by_binding) {
    return parts_.by_user->find(hash_of(user_id, binding), [&](EntryId id) {
      return entries_[id].has_binding(bound) && entries_[id].user() == UserRef::to_record(user.record());
    });
  }
  EntryId id = record.tokens.first;
  while (id != 0 && !entries_[id].has_binding(bound)) id = entries_[id].next();
  return id;
}

Token Table::token_of(EntryId id) const noexcept {
  const Entry& entry = entries_[id];
  const UserRef user = entry.user();
  return {user.is_name() ? entry.lone_user().tag() : records_[user.record()].tag(), entry.secret()};
}

/// Gives the entry, which is pending and belongs to nobody, to the user. Returns false if memory runs out;
/// then no change is visible.
bool Table::give_user(EntryId id, const NewEntry& entry) {
  const UserCell user = find_user(entry.user_id);
  if (user.is_none()) return give_lone_user(id, entry) || give_new_record(id, entry);
  const RecordId record = user.is_entry() ? make_record_of(user.entry()) : user.record();
  return record != 0 && join(record, id);
}

/// Returns false also if the user does not fit into an entry.
bool Table::give_lone_user(EntryId id, const NewEntry& entry) {
  const std::string_view name = entry.user_name;
  const bool fits = !name.empty() && name.size() <= NameSlabs::kMaxNameBytes && is_header_name(name) &&
                    entry.user_id >= 0 && entry.user_id <= LoneUser::kMaxId;
  if (!fits) return false;
  const NameRef text = parts_.names->add(name);
  if (text == NameSlabs::kNone) return false;
  if (!parts_.by_user->insert(hash_of(entry.user_id), UserCell::of_entry(id).word())) {
    parts_.names->release(text, name.size());  // no entry has led anybody to it
    return false;
  }
  const auto bytes = static_cast<std::uint8_t>(name.size());
  entries_[id].set_lone_user(UserRef::to_name(text), LoneUser(entry.user_id, bytes, entry.token.tag()));
  ++user_count_;
  return true;
}

bool Table::give_new_record(EntryId id, const NewEntry& entry) {
  const RecordId record = begin_record(entry.user_id, entry.token.tag(), entry.user_name);
  if (record == 0) return false;
  if (!parts_.by_user->insert(hash_of(entry.user_id), UserCell::of_record(record).word())) {
    end_record(records_[record]);  // no entry has led anybody to it
    return false;
  }
  ++user_count_;
  append(record, id);
  return true;
}

/// Gives the user of a lone entry a record, with that entry in its list. Returns 0 if memory runs out.
RecordId Table::make_record_of(EntryId id) {
  Entry& entry = entries_[id];
  const NameRef name = entry.user().name();
  const LoneUser user = entry.lone_user();
  const std::size_t bytes = user.name_bytes();
  const RecordId record = begin_record(user.id(), user.tag(), {parts_.names->text(name), bytes});
  if (record == 0) return 0;
  parts_.by_user->replace(hash_of(user.id()), UserCell::of_entry(id).word(),
                          UserCell::of_record(record).word());
  append(record, id);
  retire_name(name, bytes);
  return record;
}

/// Adds an entry to a user who has a record.
bool Table::join(RecordId record, EntryId id) {
  UserRecord& user = records_[record];
  if (!user.found_by_binding && user.tokens.count == kMaxLookedThrough && !find_by_binding(user))
    return false;
  if (user.found_by_binding && !parts_.by_user->insert(hash_of(user.id(), entries_[id].binding()), id)) {
    return false;
  }
  append(record, id);
  return true;
}

/// Gives each of the user's entries a cell by its binding.
bool Table::find_by_binding(UserRecord& user) {
  EntryId id = user.tokens.first;
  while (id != 0 && parts_.by_user->insert(hash_of(user.id(), entries_[id].binding()), id)) {
    id = entries_[id].next();
  }
  if (id == 0) {
    user.found_by_binding = true;
    return true;
  }
  for (EntryId done = user.tokens.first; done != id; done = entries_[done].next()) {
    parts_.by_user->erase(hash_of(user.id(), entries_[done].binding()), done);
  }
  return false;
}

void Table::leave_user(EntryId id) {
  Entry& entry = entries_[id];
  const UserRef ref = entry.user();
  if (ref.is_name()) {
    const LoneUser user = entry.lone_user();
    parts_.by_user->erase(hash_of(user.id()), UserCell::of_entry(id).word());
    --user_count_;
    entry.set_listed_user(UserRef());
    retire_name(ref.name(), user.name_bytes());
    return;
  }
  UserRecord& user = records_[ref.record()];
  if (user.found_by_binding) parts_.by_user->erase(hash_of(user.id(), entry.binding()), id);
  detach(user, id);
  if (user.tokens.count > 0) return;
  parts_.by_user->erase(hash_of(user.id()), UserCell::of_record(ref.record()).word());
  --user_count_;
  quiescence_.retire(core_, reclaim_record, this, &user, sizeof user);
}

bool Table::set_profile(std::int64_t user_id, const ProfileParts& parts) {
  if (parts.number == 0) return true;
  const UserCell user = find_user(user_id);
  if (user.is_none()) return true;
  // A lone user gets a record even for an empty profile: an older one, which must not take its place, may
  // still be on its way.
  const RecordId id = user.is_entry() ? make_record_of(user.entry()) : user.record();
  if (id == 0) return false;
  UserRecord& record = records_[id];
  if (!record.is_newer(parts.number)) return true;
  outside_bytes_ -= record.bytes_outside();
  std::unique_ptr<const Profile> former = record.replace_profile(parts.number, Profile::make(parts));
  outside_bytes_ += record.bytes_outside();
  if (former != nullptr) {
    const std::size_t bytes = former->bytes();
    quiescence_.retire(core_, reclaim_profile, this, const_cast<Profile*>(former.release()), bytes);
  }
  return true;
}

void Table::reclaim_profile(void*, void* profile, std::size_t) noexcept {
  delete static_cast<const Profile*>(profile);
}

/// Returns 0 if memory runs out.
RecordId Table::begin_record(std::int64_t id, Tag tag, std::string_view name) {
  const RecordId record = parts_.records->allocate();
  if (record == 0) return 0;
  records_[record].begin(id, tag, name);
  outside_bytes_ += records_[record].bytes_outside();
  return record;
}

void Table::end_record(UserRecord& record) noexcept {
  outside_bytes_ -= record.bytes_outside();
  record.end();
  parts_.records->release(static_cast<RecordId>(&record - &records_[0]));
}

void Table::reclaim_record(void* table, void* record, std::size_t) noexcept {
  static_cast<Table*>(table)->end_record(*static_cast<UserRecord*>(record));
}

void Table::retire_name(NameRef name, std::size_t bytes) {
  // What is retired is known by a pointer, so the reference is passed in place of an address.
  auto* const object = std::bit_cast<void*>(static_cast<std::uintptr_t>(name));
  quiescence_.retire(core_, reclaim_name, this, object, bytes);
}

void Table::reclaim_name(void* table, void* name, std::size_t bytes) noexcept {
  const auto reference = static_cast<NameRef>(std::bit_cast<std::uintptr_t>(name));
  static_cast<Table*>(table)->parts_.names->release(reference, bytes);
}

/// Appends the entry to the user's list.
void Table::append(RecordId record, EntryId id) noexcept {
  Entry& entry = entries_[id];
  UserTokens& tokens = records_[record].tokens;
  entry.set_listed_user(UserRef::to_record(record));
  entry.set_previous(tokens.last);
  if (tokens.last == 0) {
    tokens.first = id;
  } else {
    entries_[tokens.last].set_next(id);
  }
  tokens.last = id;
  ++tokens.count;
}

void Table::detach(UserRecord& user, EntryId id) noexcept {
  Entry& entry = entries_[id];
  UserTokens& tokens = user.tokens;
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
  --tokens.count;
}

}  // namespace latchkey::token
