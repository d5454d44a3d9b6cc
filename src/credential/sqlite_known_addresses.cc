#include "latchkey/credential/sqlite_known_addresses.h"

#include <optional>

#include "latchkey/credential/known_address_table.h"
#include "latchkey/store/transact.h"

namespace latchkey::credential {

using runtime::Task;
using store::Database;

Task<Result<bool>> SqliteKnownAddresses::knows(KnownAddressHash hash, WallTime now) {
  auto job = store::read(
      port_, store_, [&hash](Database& database) { return known_address_table::last_login(database, hash); });
  const Result<std::optional<WallTime>> last = co_await job;
  if (!last) co_return tl::unexpected(last.error());
  co_return last->has_value() && now.ms - (*last)->ms <= kKnownAddressMs;
}

Task<Result<void>> SqliteKnownAddresses::remember(KnownAddressHash hash, WallTime now) {
  auto reading = store::read(
      port_, store_, [&hash](Database& database) { return known_address_table::last_login(database, hash); });
  const Result<std::optional<WallTime>> last = co_await reading;
  if (!last) co_return tl::unexpected(last.error());
  if (last->has_value() && now.ms - (*last)->ms < kKnownAddressRenewalMs) co_return Result<void>();

  const bool prunes = ++writes_ % kWritesAPruning == 0;
  auto writing =
      store::transact(port_, store_, [&hash, now, prunes](Database& database) -> Result<std::int64_t> {
        const Result<void> put = known_address_table::put(database, hash, now);
        if (!put) return tl::unexpected(put.error());
        return prunes ? known_address_table::prune(database, now) : 0;
      });
  const Result<std::int64_t> written = co_await writing;
  if (!written) co_return tl::unexpected(written.error());
  co_return Result<void>();
}

}  // namespace latchkey::credential
