// The part of SqliteDirectory that needs the schemes of hashes, which the simulation is built without.
#include "latchkey/credential/sqlite_directory.h"
#include "latchkey/runtime/await.h"
#include "latchkey/store/transact.h"

namespace latchkey::credential {

using runtime::Task;
using store::Database;

Task<Result<ImportResult>> SqliteDirectory::import_users(const std::vector<ImportedUser>& users,
                                                         const ImportRules& rules) {
  const auto import = [&users, &rules](Database& database) {
    return credential::import_users(database, users, rules);
  };
  if (rules.dry_run) {
    LATCHKEY_CO_RETURN(store::read(port_, store_, import));
  }
  LATCHKEY_CO_RETURN(store::transact(port_, store_, import));
}

}  // namespace latchkey::credential
