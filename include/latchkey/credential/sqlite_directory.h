// SqliteDirectory: the Directory over the store's thread, and an administrator's changes to users. It holds
// no data of its own.
// Thread: one object per core thread, which owns it.
#pragma once

#include <string>
#include <vector>

#include "latchkey/credential/directory.h"
#include "latchkey/credential/user_import.h"
#include "latchkey/credential/user_table.h"
#include "latchkey/runtime/mailbox.h"
#include "latchkey/store/store_thread.h"

namespace latchkey::credential {

class SqliteDirectory final : public Directory {
 public:
  /// `port` is the thread's own.
  /// Lifetime: both arguments must outlive this.
  SqliteDirectory(runtime::Port& port, store::StoreThread& store) noexcept : port_(port), store_(store) {}

  runtime::Task<Result<std::optional<User>>> find(std::string name) override;
  runtime::Task<Result<std::optional<User>>> find_by_id(std::int64_t id) override;
  runtime::Task<Result<bool>> replace_hash(std::int64_t id, std::string expected,
                                           std::string replacement) override;
  runtime::Task<Result<bool>> change_password_hash(std::int64_t id, std::int64_t password_number,
                                                   std::string hash) override;

  /// As the functions of the same names in user_table.h. Each change is durable when the task ends without an
  /// error.
  runtime::Task<Result<User>> add(User user);
  runtime::Task<Result<std::vector<User>>> list(std::string after, std::size_t limit);
  runtime::Task<Result<bool>> set_password_hash(std::int64_t id, std::string hash);
  runtime::Task<Result<User>> change_groups(std::int64_t id, user_table::GroupChange change);
  runtime::Task<Result<User>> change_details(std::int64_t id, user_table::DetailChange change);
  runtime::Task<Result<bool>> set_active(std::int64_t id, bool active);
  runtime::Task<Result<User>> rename(std::int64_t id, std::string name);
  runtime::Task<Result<bool>> remove(std::int64_t id);

  /// As the function of this name in user_import.h, in one transaction.
  /// Lifetime: both arguments outlive the task.
  runtime::Task<Result<ImportResult>> import_users(const std::vector<ImportedUser>& users,
                                                   const ImportRules& rules);

 private:
  runtime::Port& port_;
  store::StoreThread& store_;
};

}  // namespace latchkey::credential
