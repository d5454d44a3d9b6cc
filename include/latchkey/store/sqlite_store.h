// SqliteStore is the Store over the store's thread. It has no data of its own, so all of them are equal.
// Thread: one object per core thread, which owns it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "latchkey/runtime/mailbox.h"
#include "latchkey/store/online_copy.h"
#include "latchkey/store/store.h"
#include "latchkey/store/store_thread.h"

namespace latchkey::store {

class SqliteStore final : public Store {
 public:
  /// `port` is the core's own.
  /// Lifetime: both must outlive this object.
  SqliteStore(runtime::Port& port, StoreThread& store) noexcept : port_(port), store_(store) {}

  runtime::Task<Result<RowId>> record_login(LoginRecord record) override;
  runtime::Task<Result<bool>> record_deaths(std::vector<SessionDeath> deaths) override;
  runtime::Task<Result<bool>> record_user_death(UserDeath death) override;
  runtime::Task<Result<bool>> record_refreshes(std::vector<SessionRefresh> refreshes) override;
  runtime::Task<Result<bool>> forget(std::vector<RowId> rows) override;
  runtime::Task<Result<std::optional<Session>>> find(LookupHash lookup) override;
  runtime::Task<Result<std::vector<Session>>> sessions_of(std::int64_t user_id, std::size_t limit) override;
  runtime::Task<Result<std::vector<Session>>> newest_sessions_of(std::int64_t user_id, RowId before,
                                                                 std::size_t limit) override;
  /// As the functions of the same names in session_table.h.
  runtime::Task<Result<std::vector<Session>>> live_sessions(RowId after, std::size_t limit);
  runtime::Task<Result<std::vector<std::int64_t>>> users_with_sessions(std::int64_t after, std::size_t limit);
  runtime::Task<Result<std::optional<Session>>> find_row(RowId row) override;
  /// As the functions of the same names in online_copy.h, between two commits.
  runtime::Task<Result<CopyProgress>> begin_copy();
  runtime::Task<Result<CopyProgress>> copy_some(std::uint64_t number);
  runtime::Task<Result<std::string>> read_copy(std::uint64_t number, std::int64_t offset);
  runtime::Task<Result<bool>> end_copy(std::uint64_t number);
  /// Records that a backup was made, in the database and for the metrics.
  runtime::Task<Result<bool>> record_backup(WallTime made);

 private:
  runtime::Port& port_;
  StoreThread& store_;
};

}  // namespace latchkey::store
