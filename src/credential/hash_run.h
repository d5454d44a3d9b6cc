// HashRun: a function that hashes, and the coroutine that waits for its outcome. A worker runs it; if the
// worker starves, its standby runs it as well. Each runner has a slot for its outcome. The first to come home
// to the client's thread settles the run, and the other's slot is ignored. The waiting coroutine, the queue
// and the runners share it, so that a late runner still has what it works on. Anything that the function owns
// (a password) is wiped with the last reference.
#pragma once

#include <array>
#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "latchkey/base/assert.h"
#include "latchkey/base/clock.h"
#include "latchkey/base/result.h"

namespace latchkey::credential {

enum class Runner : std::uint8_t { kWorker, kStandby };

class HashRun {
 public:
  HashRun() = default;
  virtual ~HashRun() = default;
  HashRun(const HashRun&) = delete;
  HashRun& operator=(const HashRun&) = delete;

  /// Runs the function unless the run is already settled.
  /// Thread: the runner's; once for each.
  void run(Runner runner, const Clock& clock) noexcept {
    began_[slot_of(runner)] = clock.boot();
    if (!is_settled()) compute(slot_of(runner));
  }

  /// Thread: any. A runner that sees it late has worked in vain.
  bool is_settled() const noexcept { return settled_slot_.load(std::memory_order_relaxed) != kNoSlot; }

  // Thread: everything below belongs to the client's.

  /// Notes that a runner has come home. True for the first: its outcome is used, and the waiter must be
  /// resumed.
  bool settle(Runner runner) noexcept {
    if (is_settled()) return false;
    settled_slot_.store(slot_of(runner), std::memory_order_relaxed);
    return true;
  }

  /// When the runner that settled it began.
  /// Requires: the run is settled.
  BootTime began() const noexcept { return began_[settled_slot()]; }

  /// What monitoring knows of it: when it was asked for, and the scheme_place of its hash.
  void describe(BootTime asked, std::size_t scheme) noexcept {
    asked_ = asked;
    scheme_ = scheme;
  }
  BootTime asked() const noexcept { return asked_; }
  std::size_t scheme() const noexcept { return scheme_; }

  void set_waiter(std::coroutine_handle<> waiter) noexcept { waiter_ = waiter; }
  std::coroutine_handle<> waiter() const noexcept { return waiter_; }

 protected:
  static constexpr std::size_t kSlots = 2;
  std::size_t settled_slot() const noexcept {
    LATCHKEY_ASSERT(is_settled());
    return settled_slot_.load(std::memory_order_relaxed);
  }

 private:
  static constexpr std::size_t kNoSlot = kSlots;
  static constexpr std::size_t slot_of(Runner runner) noexcept { return static_cast<std::size_t>(runner); }
  virtual void compute(std::size_t slot) noexcept = 0;

  std::array<BootTime, kSlots> began_;
  std::atomic<std::size_t> settled_slot_{kNoSlot};
  BootTime asked_{};
  std::size_t scheme_ = 0;
  std::coroutine_handle<> waiter_;
};

/// A run of `F() -> Result<T>`, which owns everything it needs.
template <class F>
class HashRunOf final : public HashRun {
 public:
  using Outcome = std::invoke_result_t<const F&>;

  explicit HashRunOf(F function) : function_(std::move(function)) {}

  /// Takes the function's outcome.
  /// Errors: kOverloaded if nobody has run it because it was refused.
  Outcome take_outcome() {
    if (!is_settled()) return failure(ErrorCode::kOverloaded, "too many logins wait for their hash");
    std::optional<Outcome>& outcome = outcomes_[settled_slot()];
    LATCHKEY_ASSERT(outcome.has_value());
    return std::move(*outcome);
  }

 private:
  void compute(std::size_t slot) noexcept override { outcomes_[slot].emplace(function_()); }

  const F function_;
  std::array<std::optional<Outcome>, kSlots> outcomes_;
};

template <class F>
std::shared_ptr<HashRunOf<F>> make_hash_run(F function) {
  return std::make_shared<HashRunOf<F>>(std::move(function));
}

}  // namespace latchkey::credential
