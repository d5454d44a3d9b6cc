// The users in the database, as plain functions. They run inside the caller's transaction.
// Thread: the store's thread, through SqliteDirectory; or the offline command.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "latchkey/base/result.h"
#include "latchkey/credential/user.h"
#include "latchkey/store/database.h"

namespace latchkey::credential::user_table {

/// Adds the user under an `id` that the table chooses, and returns the user with it.
/// Errors: kInvalid from check_new_user_name or check_profile; kConflict if the name is
/// taken.
Result<User> add(store::Database& database, User user);

/// What `add` checks: the rules of a new user's name, and of the rest.
/// Errors: as those of `add`, but the name may be taken.
Result<void> check(const User& user);
/// Brings the groups into the order in which they are kept, each once.
void sort_groups(User& user);

/// Writes all of a user who is there, found by the id, but the name and when it was made.
/// Requires: the user has passed check_profile, and its groups are sorted.
Result<void> replace(store::Database& database, const User& user);

Result<std::optional<User>> find(store::Database& database, std::string_view name);
Result<std::optional<User>> find_by_id(store::Database& database, std::int64_t id);

/// At most `limit` users whose names come after `after`, in byte order of their names.
Result<std::vector<User>> list(store::Database& database, std::string_view after, std::size_t limit);

/// Groups to put a user into and to take a user out of. One in both lists is taken away.
struct GroupChange {
  std::vector<std::string> add{};
  std::vector<std::string> remove{};
};
/// Details to replace. What is not given stays.
struct DetailChange {
  std::optional<std::string> first_name{};
  std::optional<std::string> last_name{};
  std::optional<std::string> email{};
};
/// Return the user as changed. The profile's number grows unless nothing is different.
/// Errors: kNotFound if there is no such user; kInvalid from check_profile. Taking a user
/// out of a group that they are not in is no error, nor is putting them into one that they are in.
Result<User> change_groups(store::Database& database, std::int64_t id, const GroupChange& change);
Result<User> change_details(store::Database& database, std::int64_t id, const DetailChange& change);

/// Shows every user who has, or once had, groups or details to `visit`. Costs nothing for the others.
Result<void> load_profiles(store::Database& database, const std::function<void(const User&)>& visit);

/// A password's hash, and the part of it that the index holds: at least its whole kind (hash_kind).
struct IndexedHash {
  std::string hash;
  std::string indexed;
};
/// The first hash whose indexed part is, in byte order, at or after `from` and before `end`. Costs one index
/// look-up.
Result<std::optional<IndexedHash>> first_hash_from(store::Database& database, std::string_view from,
                                                   std::string_view end);
/// How many users have a hash whose front lies in that range.
Result<std::int64_t> count_hashes_from(store::Database& database, std::string_view from,
                                       std::string_view end);

/// Returns false if there is no such user.
Result<bool> set_password_hash(store::Database& database, std::int64_t id, std::string_view hash);
/// Changes the hash only if the user is active and has the password of this number.
Result<bool> change_password_hash(store::Database& database, std::int64_t id, std::int64_t password_number,
                                  std::string_view hash);
Result<bool> replace_hash(store::Database& database, std::int64_t id, std::string_view expected,
                          std::string_view replacement);
/// Disabling increments the password's number, so that nothing that was learnt before is valid once the user
/// is enabled again.
Result<bool> set_active(store::Database& database, std::int64_t id, bool active);
/// Gives the user another name and the next password number, so that a login in progress under the old name,
/// and the addresses known by it, hold no more.
/// Errors: kInvalid as of `check`; kConflict if the name is taken; kNotFound.
Result<User> rename(store::Database& database, std::int64_t id, std::string_view name);
/// Also removes the user's known addresses.
Result<bool> remove(store::Database& database, std::int64_t id);

}  // namespace latchkey::credential::user_table
