// Store: the one seam between the sessions in memory and what survives. One object a core thread, used by
// that thread's coroutines only. A task that ends without an error is durable. Errors: kUnavailable, the disk
// refused and nothing was changed; kOverloaded, the queue is full; kFatal, what is on disk cannot be trusted.
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

  /// Records a new session and the deaths it causes, all or nothing. Gives the new session's row. The rows of
  /// a user ascend in the order of these calls.
  virtual runtime::Task<Result<RowId>> record_login(LoginRecord record) = 0;

  /// Records deaths, all or nothing. A row that is dead already keeps its first reason; a missing row is no
  /// error.
  virtual runtime::Task<Result<bool>> record_deaths(std::vector<SessionDeath> deaths) = 0;

  /// Records the death of all rows of a user that are meant, all or nothing. One that is dead already keeps
  /// its first reason.
  virtual runtime::Task<Result<bool>> record_user_death(UserDeath death) = 0;

  /// Moves `last_used` on, never back, and never of a dead row.
  virtual runtime::Task<Result<bool>> record_refreshes(std::vector<SessionRefresh> refreshes) = 0;

  /// Removes rows whose reason nobody needs any longer.
  virtual runtime::Task<Result<bool>> forget(std::vector<RowId> rows) = 0;

  /// The session with this lookup hash, dead or alive.
  virtual runtime::Task<Result<std::optional<Session>>> find(LookupHash lookup) = 0;

  /// The live sessions of a user, oldest first, at most `limit`.
  virtual runtime::Task<Result<std::vector<Session>>> sessions_of(std::int64_t user_id,
                                                                  std::size_t limit) = 0;

  /// Those whose rows are below `before`, newest first, at most `limit`.
  virtual runtime::Task<Result<std::vector<Session>>> newest_sessions_of(std::int64_t user_id, RowId before,
                                                                         std::size_t limit) = 0;

  /// The session of this row, dead or alive.
  virtual runtime::Task<Result<std::optional<Session>>> find_row(RowId row) = 0;
};

}  // namespace latchkey::store
