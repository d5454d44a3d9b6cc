#include "latchkey/credential/sqlite_directory.h"

#include <utility>

#include "latchkey/credential/user_table.h"
#include "latchkey/store/transact.h"

namespace latchkey::credential {

using runtime::Task;
using store::Database;

Task<Result<std::optional<User>>> SqliteDirectory::find(std::string name) {
  auto job =
      store::read(port_, store_, [&name](Database& database) { return user_table::find(database, name); });
  co_return co_await job;
}

Task<Result<std::optional<User>>> SqliteDirectory::find_by_id(std::int64_t id) {
  auto job =
      store::read(port_, store_, [id](Database& database) { return user_table::find_by_id(database, id); });
  co_return co_await job;
}

Task<Result<bool>> SqliteDirectory::replace_hash(std::int64_t id, std::string expected,
                                                 std::string replacement) {
  auto job = store::transact(port_, store_, [id, &expected, &replacement](Database& database) {
    return user_table::replace_hash(database, id, expected, replacement);
  });
  co_return co_await job;
}

Task<Result<User>> SqliteDirectory::add(User user) {
  auto job =
      store::transact(port_, store_, [&user](Database& database) { return user_table::add(database, user); });
  co_return co_await job;
}

Task<Result<std::vector<User>>> SqliteDirectory::list(std::string after, std::size_t limit) {
  auto job = store::read(port_, store_, [&after, limit](Database& database) {
    return user_table::list(database, after, limit);
  });
  co_return co_await job;
}

Task<Result<bool>> SqliteDirectory::set_password_hash(std::int64_t id, std::string hash) {
  auto job = store::transact(port_, store_, [id, &hash](Database& database) {
    return user_table::set_password_hash(database, id, hash);
  });
  co_return co_await job;
}

Task<Result<bool>> SqliteDirectory::change_password_hash(std::int64_t id, std::int64_t password_number,
                                                         std::string hash) {
  auto job = store::transact(port_, store_, [id, password_number, &hash](Database& database) {
    return user_table::change_password_hash(database, id, password_number, hash);
  });
  co_return co_await job;
}

Task<Result<bool>> SqliteDirectory::set_active(std::int64_t id, bool active) {
  auto job = store::transact(port_, store_, [id, active](Database& database) {
    return user_table::set_active(database, id, active);
  });
  co_return co_await job;
}

Task<Result<bool>> SqliteDirectory::remove(std::int64_t id) {
  auto job =
      store::transact(port_, store_, [id](Database& database) { return user_table::remove(database, id); });
  co_return co_await job;
}

}  // namespace latchkey::credential
