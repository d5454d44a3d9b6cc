#include "latchkey/credential/sqlite_known_addresses.h"

#include <optional>

#include "latchkey/credential/known_address_table.h"
#include "latchkey/store/transact.h"

namespace latchkey::credential {

using runtime::Task;
using store::Database;

Task<Result<bool>> SqliteKnownAddresses::knows(KnownAddressHash hash, std::string name, WallTime now) {
  auto job = store::read(port_, store_, [&hash, &name, now](Database& database) {
    return known_address_table::knows(database, hash, name, now);
  });
  co_return co_await job;
}

Task<Result<void>> SqliteKnownAddresses::remember(KnownAddressHash hash, KnownUser user, WallTime now) {
  auto reading = store::read(port_, store_, [&hash, &user](Database& database) {
    return known_address_table::last_login(database, hash, user);
  });
  const Result<std::optional<WallTime>> last = co_await reading;
  if (!last) co_return tl::unexpected(last.error());
  if (last->has_value() && now.ms - (*last)->ms < kKnownAddressRenewalMs) co_return Result<void>();

  const bool prunes = ++writes_ % kWritesAPruning == 0;
  auto writing =
      store::transact(port_, store_, [&hash, &user, now, prunes](Database& database) -> Result<std::int64_t> {
        const Result<void> put = known_address_table::put(database, hash, user, now);
        if (!put) return tl::unexpected(put.error());
        return prunes ? known_address_table::prune(database, now) : 0;
      });
  const Result<std::int64_t> written = co_await writing;
  if (!written) co_return tl::unexpected(written.error());
  co_return Result<void>();
}

}  // namespace latchkey::credential
