// SqliteKnownAddresses: KnownAddresses over the store's thread.
// Thread: one object per core thread, which owns it.
#pragma once

#include <cstddef>
#include <string>

#include "latchkey/credential/known_addresses.h"
#include "latchkey/runtime/mailbox.h"
#include "latchkey/store/store_thread.h"

namespace latchkey::credential {

class SqliteKnownAddresses final : public KnownAddresses {
 public:
  /// An object prunes the table once per this many writes. The table therefore exceeds its bound by at most
  /// this many rows per core. It is pruned at start too.
  static constexpr std::size_t kWritesPerPruning = 256;

  /// `port` is the thread's own.
  /// Lifetime: both arguments must outlive this.
  SqliteKnownAddresses(runtime::Port& port, store::StoreThread& store) noexcept
      : port_(port), store_(store) {}

  runtime::Task<Result<bool>> knows(KnownAddressHash hash, std::string name, WallTime now) override;
  runtime::Task<Result<void>> remember(KnownAddressHash hash, KnownUser user, WallTime now) override;

 private:
  runtime::Port& port_;
  store::StoreThread& store_;
  std::size_t writes_ = 0;
};

}  // namespace latchkey::credential
