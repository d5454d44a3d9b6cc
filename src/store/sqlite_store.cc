#include "latchkey/store/sqlite_store.h"

#include <utility>

#include "latchkey/runtime/await.h"
#include "latchkey/store/schema.h"
#include "latchkey/store/session_table.h"
#include "latchkey/store/transact.h"

namespace latchkey::store {

namespace {

/// The seam reports that the work was done, not how many rows it changed.
Result<bool> done(Result<std::size_t> changed) {
  LATCHKEY_TRY(std::move(changed));
  return true;
}

}  // namespace

runtime::Task<Result<RowId>> SqliteStore::record_login(LoginRecord record) {
  LATCHKEY_CO_RETURN(
      transact(port_, store_, [&record](Database& database) { return insert_login(database, record); }));
}

runtime::Task<Result<bool>> SqliteStore::record_deaths(std::vector<SessionDeath> deaths) {
  LATCHKEY_CO_RETURN(
      transact(port_, store_, [&deaths](Database& database) { return done(bury(database, deaths)); }));
}

runtime::Task<Result<bool>> SqliteStore::record_user_death(UserDeath death) {
  LATCHKEY_CO_RETURN(
      transact(port_, store_, [&death](Database& database) { return done(bury_all_of(database, death)); }));
}

runtime::Task<Result<bool>> SqliteStore::record_refreshes(std::vector<SessionRefresh> refreshes) {
  LATCHKEY_CO_RETURN(transact(
      port_, store_, [&refreshes](Database& database) { return done(refresh(database, refreshes)); }));
}

runtime::Task<Result<bool>> SqliteStore::forget(std::vector<RowId> rows) {
  LATCHKEY_CO_RETURN(
      transact(port_, store_, [&rows](Database& database) { return done(forget_rows(database, rows)); }));
}

runtime::Task<Result<std::optional<Session>>> SqliteStore::find(LookupHash lookup) {
  LATCHKEY_CO_RETURN(
      read(port_, store_, [&lookup](Database& database) { return find_session(database, lookup); }));
}

runtime::Task<Result<std::vector<Session>>> SqliteStore::sessions_of(std::int64_t user_id,
                                                                     std::size_t limit) {
  LATCHKEY_CO_RETURN(read(port_, store_, [user_id, limit](Database& database) {
    return live_sessions_of(database, user_id, limit);
  }));
}

runtime::Task<Result<std::vector<Session>>> SqliteStore::live_sessions(RowId after, std::size_t limit) {
  LATCHKEY_CO_RETURN(read(port_, store_, [after, limit](Database& database) {
    return store::live_sessions(database, after, limit);
  }));
}

runtime::Task<Result<std::vector<std::int64_t>>> SqliteStore::users_with_sessions(std::int64_t after,
                                                                                  std::size_t limit) {
  LATCHKEY_CO_RETURN(read(port_, store_, [after, limit](Database& database) {
    return store::users_with_sessions(database, after, limit);
  }));
}

runtime::Task<Result<CopyProgress>> SqliteStore::begin_copy() {
  LATCHKEY_CO_RETURN(read(port_, store_, [](Database& database) { return store::begin_copy(database); }));
}

runtime::Task<Result<CopyProgress>> SqliteStore::copy_some(std::uint64_t number) {
  LATCHKEY_CO_RETURN(
      read(port_, store_, [number](Database& database) { return store::copy_some(database, number); }));
}

runtime::Task<Result<std::string>> SqliteStore::read_copy(std::uint64_t number, std::int64_t offset) {
  LATCHKEY_CO_RETURN(read(port_, store_, [number, offset](Database& database) {
    return store::read_copy(database, number, offset);
  }));
}

runtime::Task<Result<bool>> SqliteStore::end_copy(std::uint64_t number) {
  LATCHKEY_CO_RETURN(read(port_, store_, [number](Database& database) -> Result<bool> {
    store::end_copy(database, number);
    return true;
  }));
}

runtime::Task<Result<bool>> SqliteStore::record_backup(WallTime made) {
  LATCHKEY_AWAIT(Result<bool> recorded, transact(port_, store_, [made](Database& database) -> Result<bool> {
                   LATCHKEY_TRY(store::record_backup(database, made));
                   return true;
                 }));
  if (recorded) store_.note_backup(made);
  co_return recorded;
}

runtime::Task<Result<std::vector<Session>>> SqliteStore::newest_sessions_of(std::int64_t user_id,
                                                                            RowId before, std::size_t limit) {
  LATCHKEY_CO_RETURN(read(port_, store_, [user_id, before, limit](Database& database) {
    return newest_live_sessions_of(database, user_id, before, limit);
  }));
}

runtime::Task<Result<std::optional<Session>>> SqliteStore::find_row(RowId row) {
  LATCHKEY_CO_RETURN(
      read(port_, store_, [row](Database& database) { return find_session_row(database, row); }));
}

}  // namespace latchkey::store
