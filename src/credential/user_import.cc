#include "latchkey/credential/user_import.h"

#include <array>
#include <utility>

#include "latchkey/credential/hash_scheme.h"
#include "latchkey/credential/user_table.h"

namespace latchkey::credential {

namespace {

using store::Database;

template <class T>
void replace(T& member, const std::optional<T>& given) {
  if (given) member = *given;
}

User new_user(const ImportedUser& from, const ImportRules& rules) {
  User user;
  user.name = from.name;
  user.password_hash = from.password_hash.value_or(rules.unusable_hash);
  user.active = from.active.value_or(true) && from.password_hash.has_value();
  user.created = rules.now;
  replace(user.superuser, from.superuser);
  replace(user.first_name, from.first_name);
  replace(user.last_name, from.last_name);
  replace(user.email, from.email);
  replace(user.groups, from.groups);
  return user;
}

User changed_user(User user, const ImportedUser& from) {
  replace(user.superuser, from.superuser);
  replace(user.first_name, from.first_name);
  replace(user.last_name, from.last_name);
  replace(user.email, from.email);
  replace(user.groups, from.groups);
  // A user without a password in the file may have been given one here since.
  if (!from.password_hash) return user;
  user.password_hash = *from.password_hash;
  replace(user.active, from.active);
  return user;
}

/// Takes in one user.
class Import {
 public:
  Import(Database& database, const ImportRules& rules, ImportResult& result) noexcept
      : database_(database), rules_(rules), result_(result) {}

  Result<ImportedAs> take(const ImportedUser& from) {
    if (from.password_hash) {
      if (const Result<void> good = check_stored_hash(*from.password_hash); !good)
        return refused(good.error());
    }
    LATCHKEY_TRY(std::optional<User> there, user_table::find(database_, from.name));
    if (!there) return add(new_user(from, rules_));
    if (!rules_.update) return ImportedAs{ImportOutcome::kKept, "a user of this name is there already"};
    return update(*there, changed_user(*there, from));
  }

 private:
  static ImportedAs refused(const Error& error) { return {ImportOutcome::kRefused, error.text}; }

  Result<ImportedAs> add(User user) {
    const Result<void> good = user_table::check(user);
    if (!good) return refused(good.error());
    if (!rules_.dry_run) LATCHKEY_TRY(user_table::add(database_, std::move(user)));
    return ImportedAs{ImportOutcome::kAdded, {}};
  }

  Result<ImportedAs> update(const User& before, User user) {
    if (const Result<void> good = check_profile(user); !good) return refused(good.error());
    user_table::sort_groups(user);
    ImportEffect effect;
    effect.has_other_profile = user.groups != before.groups || user.first_name != before.first_name ||
                               user.last_name != before.last_name || user.email != before.email;
    const bool has_other_password = user.password_hash != before.password_hash;
    if (!effect.has_other_profile && !has_other_password && user.active == before.active &&
        user.superuser == before.superuser) {
      return ImportedAs{ImportOutcome::kKept, "nothing differs"};
    }
    const bool is_disabled = before.active && !user.active;
    if (has_other_password || is_disabled) {
      ++user.password_number;
      effect.end = is_disabled ? store::Death::kInactive : store::Death::kDeleted;
    }
    if (effect.has_other_profile) ++user.profile_number;
    if (!rules_.dry_run) LATCHKEY_TRY(user_table::replace(database_, user));
    effect.user = std::move(user);
    result_.effects.push_back(std::move(effect));
    return ImportedAs{ImportOutcome::kUpdated, {}};
  }

  Database& database_;
  const ImportRules& rules_;
  ImportResult& result_;
};

}  // namespace

std::string_view name_of(ImportOutcome outcome) noexcept {
  constexpr std::array<std::string_view, 4> kNames = {"added", "updated", "kept", "refused"};
  return kNames[static_cast<std::size_t>(outcome)];
}

Result<ImportResult> import_users(Database& database, const std::vector<ImportedUser>& users,
                                  const ImportRules& rules) {
  ImportResult result;
  result.users.reserve(users.size());
  Import import(database, rules, result);
  for (const ImportedUser& user : users) {
    LATCHKEY_TRY(ImportedAs taken, import.take(user));
    result.users.push_back(std::move(taken));
  }
  return result;
}

}  // namespace latchkey::credential
