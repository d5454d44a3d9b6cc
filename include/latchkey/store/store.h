// Store is the seam between the sessions in memory and what survives on disk. When a task ends without an
// error, its write is durable.
// Thread: one object per core thread, used only by that thread's coroutines.
// Errors: kUnavailable if the disk refused and nothing changed; kOverloaded if the queue is full; kFatal if
// what is on disk cannot be trusted.
#pragma once

#include <optional>
#include <vector>

#include "latchkey/base/result.h"
#include "latchkey/runtime/task.h"
#include "latchkey/store/session.h"

namespace latchkey::store {

class Store {
 public:
  virtual ~Store() = default;

  /// Records a new session and the deaths that it causes, all or nothing. Returns the new session's row. The
  /// rows of a user ascend in the order of these calls.
  virtual runtime::Task<Result<RowId>> record_login(LoginRecord record) = 0;

  /// Records deaths, all or nothing. A row that is already dead keeps its first reason, and a missing row is
  /// no error.
  virtual runtime::Task<Result<bool>> record_deaths(std::vector<SessionDeath> deaths) = 0;

  /// Records the death of those of a user's rows that `death` selects, all or nothing. A row that is already
  /// dead keeps its first reason.
  virtual runtime::Task<Result<bool>> record_user_death(UserDeath death) = 0;

  /// Moves `last_used` forward only, and never for a dead row.
  virtual runtime::Task<Result<bool>> record_refreshes(std::vector<SessionRefresh> refreshes) = 0;

  /// Removes rows whose reason nobody needs any more.
  virtual runtime::Task<Result<bool>> forget(std::vector<RowId> rows) = 0;

  /// The session with this lookup hash, dead or alive.
  virtual runtime::Task<Result<std::optional<Session>>> find(LookupHash lookup) = 0;

  /// Up to `limit` live sessions of a user, oldest first.
  virtual runtime::Task<Result<std::vector<Session>>> sessions_of(std::int64_t user_id,
                                                                  std::size_t limit) = 0;

  /// Up to `limit` of those with rows below `before`, newest first.
  virtual runtime::Task<Result<std::vector<Session>>> newest_sessions_of(std::int64_t user_id, RowId before,
                                                                         std::size_t limit) = 0;

  /// The session of this row, dead or alive.
  virtual runtime::Task<Result<std::optional<Session>>> find_row(RowId row) = 0;
};

}  // namespace latchkey::store
