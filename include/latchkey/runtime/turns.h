// Turns: who has work of some hundred microseconds to do waits here, and one of them goes on in a pass of the
// loop: so whoever waits for less waits for one of them at most, however many there are. Owned by a core; its
// thread only.
#pragma once

#include <coroutine>
#include <cstdint>

#include "latchkey/base/assert.h"
#include "latchkey/runtime/loop.h"

namespace latchkey::runtime {

class Turns final : public LoopHook {
 public:
  Turns() = default;
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;
  ~Turns() override { LATCHKEY_ASSERT(first_ == nullptr); }

  /// `co_await turns.next()`: goes on in a later pass, after those who came before.
  auto next() noexcept { return Awaiter{*this}; }

  /// The next one's turn. False where nobody waits.
  bool take() {
    if (first_ == nullptr) return false;
    Awaiter* const first = first_;
    first_ = first->next;
    // Its frame may be gone after it.
    first->waiter.resume();
    return true;
  }

  std::int64_t pass(BootTime now) noexcept override {
    take();
    return first_ == nullptr ? kNever : now.ms;
  }

 private:
  struct Awaiter {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) noexcept {
      waiter = handle;
      (turns.first_ == nullptr ? turns.first_ : turns.last_->next) = this;
      turns.last_ = this;
    }
    void await_resume() const noexcept {}

    Turns& turns;
    Awaiter* next = nullptr;
    std::coroutine_handle<> waiter{};
  };

  Awaiter* first_ = nullptr;
  Awaiter* last_ = nullptr;
};

}  // namespace latchkey::runtime
