// Turns: a queue for coroutines with some hundred microseconds of work each. One of them goes on per pass of
// the loop. So anything shorter waits for at most one of them, however many there are.
// Thread: that of the core that owns it.
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

  /// `co_await turns.next()` goes on in a later pass, after those that came before.
  auto next() noexcept { return Awaiter{*this}; }

  /// Gives the next waiter its turn. False if there is none.
  bool take() {
    if (first_ == nullptr) return false;
    Awaiter* const first = first_;
    first_ = first->next;
    // The waiter's frame may be gone afterwards.
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
