// SqliteKnownAddresses: KnownAddresses over the store thread. One object a core thread, which owns it.
#pragma once

#include <cstddef>
#include <string>

#include "latchkey/credential/known_addresses.h"
#include "latchkey/runtime/mailbox.h"
#include "latchkey/store/store_thread.h"

namespace latchkey::credential {

class SqliteKnownAddresses final : public KnownAddresses {
 public:
  /// The table is pruned with every so manieth write of an object, so it has at most this many rows a core
  /// above its bound. It is pruned at start too.
  static constexpr std::size_t kWritesPerPruning = 256;

  /// `port` is the thread's own. Both outlive this.
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
