// `transact` and `read`: awaitables that run a function on the store thread. Used by coroutines of any thread
// that has a Port; the function is moved into the awaiting frame, and what it refers to must outlive the
// wait.
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

/// Runs `f(Database&) -> Result<T>` inside a group's transaction. The answer comes when it is durable; an
/// error of `f` undoes what it did. Errors beside its own: kOverloaded, nothing was sent; kUnavailable, the
/// commit failed and nothing was changed; kFatal, an fsync failed.
template <class F>
StoreCall<F, true> transact(runtime::Port& from, StoreThread& store, F f) {
  return StoreCall<F, true>(from, store, std::move(f));
}

/// Runs `f(Database&) -> Result<T>` on what is committed, without waiting for a commit: a write that was sent
/// before and not awaited may not show. `f` must not write.
template <class F>
StoreCall<F, false> read(runtime::Port& from, StoreThread& store, F f) {
  return StoreCall<F, false>(from, store, std::move(f));
}

}  // namespace latchkey::store
