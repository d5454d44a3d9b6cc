// The users in the database, as plain functions. Used on the store thread by SqliteDirectory, and offline by
// the command; inside the caller's transaction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "latchkey/base/result.h"
#include "latchkey/credential/user.h"
#include "latchkey/store/database.h"

namespace latchkey::credential::user_table {

/// Adds the user, whose `id` is the table's to choose, and gives it. Errors: kInvalid by check_new_user_name
/// or check_user_detail; kConflict, the name is taken.
Result<User> add(store::Database& database, User user);

Result<std::optional<User>> find(store::Database& database, std::string_view name);
Result<std::optional<User>> find_by_id(store::Database& database, std::int64_t id);

/// The users whose names come after `after`, in the order of their names' bytes, at most `limit`.
Result<std::vector<User>> list(store::Database& database, std::string_view after, std::size_t limit);

/// A password's hash, and as much of it as the index over them holds: all of its kind (hash_kind).
struct IndexedHash {
  std::string hash;
  std::string indexed;
};
/// The first of those whose indexed part is, in the order of bytes, not before `from` and before `end`. One
/// look into the index.
Result<std::optional<IndexedHash>> first_hash_from(store::Database& database, std::string_view from,
                                                   std::string_view end);

/// False where there is no such user.
Result<bool> set_password_hash(store::Database& database, std::int64_t id, std::string_view hash);
/// Only where the user is active and has the password of this number.
Result<bool> change_password_hash(store::Database& database, std::int64_t id, std::int64_t password_number,
                                  std::string_view hash);
Result<bool> replace_hash(store::Database& database, std::int64_t id, std::string_view expected,
                          std::string_view replacement);
/// Disabling counts the password's number on, so that nothing that was learnt before holds once the user is
/// enabled again.
Result<bool> set_active(store::Database& database, std::int64_t id, bool active);
/// The addresses that are known for the user too.
Result<bool> remove(store::Database& database, std::int64_t id);

}  // namespace latchkey::credential::user_table
