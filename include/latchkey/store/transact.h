// `transact` and `read`: awaitables that run a function on the store thread. For coroutines of any thread
// that has a Port. The function is moved into the awaiting frame.
// Lifetime: what the function refers to outlives the wait.
//
//   auto job = transact(port, store, [&record](Database& database) { return insert(database, record); });
//   co_return co_await job;
#pragma once

#include <type_traits>
#include <utility>

#include "latchkey/base/result.h"
#include "latchkey/runtime/mailbox.h"
#include "latchkey/store/store_thread.h"

namespace latchkey::store {

template <class F, bool kWrites>
class StoreCall final : public runtime::Errand<std::invoke_result_t<F&, Database&>, StoreJob> {
 public:
  /// A Result<T>.
  using Outcome = std::invoke_result_t<F&, Database&>;

  StoreCall(runtime::Port& from, StoreThread& store, F function)
      : StoreCall::Errand(from, store.port_id(), store), function_(std::move(function)) {}

  Result<void> run(Database& database) noexcept override {
    this->set_outcome(function_(database));
    if (!this->outcome().has_value()) return tl::unexpected(this->outcome().error());
    return {};
  }
  void refuse(const Error& error) noexcept override { this->set_outcome(tl::unexpected(error)); }
  bool writes() const noexcept override { return kWrites; }

 private:
  F function_;
};

/// Runs `f(Database&) -> Result<T>` inside a group's transaction. The answer comes when the commit is
/// durable. An error of `f` undoes what it did.
/// Errors: those of `f`; kOverloaded, nothing was sent; kUnavailable, the commit failed and nothing changed;
/// kFatal, an fsync failed.
template <class F>
StoreCall<F, true> transact(runtime::Port& from, StoreThread& store, F f) {
  return StoreCall<F, true>(from, store, std::move(f));
}

/// Runs `f(Database&) -> Result<T>` on committed data without waiting for a commit. An earlier write that was
/// sent but not awaited may not be visible.
/// Requires: `f` does not write.
template <class F>
StoreCall<F, false> read(runtime::Port& from, StoreThread& store, F f) {
  return StoreCall<F, false>(from, store, std::move(f));
}

}  // namespace latchkey::store
