#include "latchkey/credential/sqlite_directory.h"

#include <utility>

#include "latchkey/runtime/await.h"
#include "latchkey/store/transact.h"

namespace latchkey::credential {

using runtime::Task;
using store::Database;

Task<Result<std::optional<User>>> SqliteDirectory::find(std::string name) {
  LATCHKEY_CO_RETURN(
      store::read(port_, store_, [&name](Database& database) { return user_table::find(database, name); }));
}

Task<Result<std::optional<User>>> SqliteDirectory::find_by_id(std::int64_t id) {
  LATCHKEY_CO_RETURN(
      store::read(port_, store_, [id](Database& database) { return user_table::find_by_id(database, id); }));
}

Task<Result<bool>> SqliteDirectory::replace_hash(std::int64_t id, std::string expected,
                                                 std::string replacement) {
  LATCHKEY_CO_RETURN(store::transact(port_, store_, [id, &expected, &replacement](Database& database) {
    return user_table::replace_hash(database, id, expected, replacement);
  }));
}

Task<Result<User>> SqliteDirectory::add(User user) {
  LATCHKEY_CO_RETURN(store::transact(
      port_, store_, [&user](Database& database) { return user_table::add(database, user); }));
}

Task<Result<std::vector<User>>> SqliteDirectory::list(std::string after, std::size_t limit) {
  LATCHKEY_CO_RETURN(store::read(port_, store_, [&after, limit](Database& database) {
    return user_table::list(database, after, limit);
  }));
}

Task<Result<bool>> SqliteDirectory::set_password_hash(std::int64_t id, std::string hash) {
  LATCHKEY_CO_RETURN(store::transact(port_, store_, [id, &hash](Database& database) {
    return user_table::set_password_hash(database, id, hash);
  }));
}

Task<Result<bool>> SqliteDirectory::change_password_hash(std::int64_t id, std::int64_t password_number,
                                                         std::string hash) {
  LATCHKEY_CO_RETURN(store::transact(port_, store_, [id, password_number, &hash](Database& database) {
    return user_table::change_password_hash(database, id, password_number, hash);
  }));
}

Task<Result<User>> SqliteDirectory::change_groups(std::int64_t id, user_table::GroupChange change) {
  LATCHKEY_CO_RETURN(store::transact(port_, store_, [id, &change](Database& database) {
    return user_table::change_groups(database, id, change);
  }));
}

Task<Result<User>> SqliteDirectory::change_details(std::int64_t id, user_table::DetailChange change) {
  LATCHKEY_CO_RETURN(store::transact(port_, store_, [id, &change](Database& database) {
    return user_table::change_details(database, id, change);
  }));
}

Task<Result<bool>> SqliteDirectory::set_active(std::int64_t id, bool active) {
  LATCHKEY_CO_RETURN(store::transact(port_, store_, [id, active](Database& database) {
    return user_table::set_active(database, id, active);
  }));
}

Task<Result<User>> SqliteDirectory::rename(std::int64_t id, std::string name) {
  LATCHKEY_CO_RETURN(store::transact(
      port_, store_, [id, &name](Database& database) { return user_table::rename(database, id, name); }));
}

Task<Result<bool>> SqliteDirectory::remove(std::int64_t id) {
  LATCHKEY_CO_RETURN(
      store::transact(port_, store_, [id](Database& database) { return user_table::remove(database, id); }));
}

}  // namespace latchkey::credential
