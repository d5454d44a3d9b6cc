// `transact` and `read`: awaitables that run a function on the store thread. Used by coroutines of any thread
// that has a Port; the function is moved into the awaiting frame, and what it refers to must outlive the
// wait.
//
//   auto job = transact(port, store, [&record](Database& database) { return insert(database, record); });
//   co_return co_await job;
#pragma once

#include <coroutine>
#include <optional>
#include <type_traits>
#include <utility>

#include "latchkey/base/result.h"
#include "latchkey/runtime/mailbox.h"
#include "latchkey/store/store_thread.h"

namespace latchkey::store {

template <class F, bool kWrites>
class StoreCall final : public StoreJob {
 public:
  /// A Result<T>.
  using Outcome = std::invoke_result_t<F&, Database&>;

  StoreCall(runtime::Port& from, StoreThread& store, F function)
      : StoreJob(store), from_(from), to_(store.port_id()), function_(std::move(function)) {}

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiter) noexcept {
    waiter_ = waiter;
    return from_.send(to_, *this);
  }
  Outcome await_resume() {
    if (!outcome_.has_value()) return failure(ErrorCode::kOverloaded, "the way to the store is full");
    return std::move(*outcome_);
  }

  Result<void> run(Database& database) noexcept override {
    outcome_.emplace(function_(database));
    if (!outcome_->has_value()) return tl::unexpected(outcome_->error());
    return {};
  }
  void refuse(const Error& error) noexcept override { outcome_.emplace(tl::unexpected(error)); }
  bool writes() const noexcept override { return kWrites; }
  void done() noexcept override { waiter_.resume(); }

 private:
  runtime::Port& from_;
  runtime::PortId to_;
  F function_;
  std::coroutine_handle<> waiter_;
  std::optional<Outcome> outcome_;
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
