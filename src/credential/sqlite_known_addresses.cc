#include "latchkey/credential/sqlite_known_addresses.h"

#include <optional>

#include "latchkey/credential/known_address_table.h"
#include "latchkey/runtime/await.h"
#include "latchkey/store/transact.h"

namespace latchkey::credential {

using runtime::Task;
using store::Database;

Task<Result<bool>> SqliteKnownAddresses::knows(KnownAddressHash hash, std::string name, WallTime now) {
  LATCHKEY_CO_RETURN(store::read(port_, store_, [&hash, &name, now](Database& database) {
    return known_address_table::knows(database, hash, name, now);
  }));
}

Task<Result<void>> SqliteKnownAddresses::remember(KnownAddressHash hash, KnownUser user, WallTime now) {
  LATCHKEY_CO_TRY(const std::optional<WallTime> last,
                  store::read(port_, store_, [&hash, &user](Database& database) {
                    return known_address_table::last_login(database, hash, user);
                  }));
  if (last.has_value() && now - *last < kKnownAddressRenewal) co_return Result<void>();

  const bool prunes = ++writes_ % kWritesPerPruning == 0;
  LATCHKEY_CO_TRY(
      store::transact(port_, store_, [&hash, &user, now, prunes](Database& database) -> Result<std::int64_t> {
        LATCHKEY_TRY(known_address_table::put(database, hash, user, now));
        return prunes ? known_address_table::prune(database, now) : 0;
      }));
  co_return Result<void>();
}

}  // namespace latchkey::credential
