// Ways for coroutines of one thread to wait for each other: `OneShot<T>` hands one value to one waiter,
// `Broadcast` wakes everyone who waits. Owned by whoever signals; a waiter's frame outlives its wait.
#pragma once

#include <coroutine>
#include <optional>
#include <utility>

#include "latchkey/base/assert.h"

namespace latchkey::runtime {

/// A value that is set once and awaited once, in either order.
template <class T>
class OneShot {
 public:
  OneShot() = default;
  OneShot(const OneShot&) = delete;
  OneShot& operator=(const OneShot&) = delete;

  void set(T value) {
    LATCHKEY_ASSERT(!value_.has_value());
    value_.emplace(std::move(value));
    if (waiter_) std::exchange(waiter_, nullptr).resume();
  }

  bool is_set() const noexcept { return value_.has_value(); }

  auto operator co_await() noexcept {
    struct Awaiter {
      OneShot& event;
      bool await_ready() const noexcept { return event.value_.has_value(); }
      void await_suspend(std::coroutine_handle<> waiter) const noexcept {
        LATCHKEY_ASSERT(!event.waiter_);
        event.waiter_ = waiter;
      }
      T await_resume() const { return std::move(*event.value_); }
    };
    return Awaiter{*this};
  }

 private:
  std::optional<T> value_;
  std::coroutine_handle<> waiter_;
};

/// Wakes all that wait at the time of the call, in the order in which they came. Waiters sit in a list
/// through their own frames, so waiting allocates nothing.
class Broadcast {
 public:
  Broadcast() = default;
  Broadcast(const Broadcast&) = delete;
  Broadcast& operator=(const Broadcast&) = delete;
  ~Broadcast() { LATCHKEY_ASSERT(first_ == nullptr); }

  struct Awaiter {
    explicit Awaiter(Broadcast& owner) noexcept : event(owner) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) noexcept {
      waiter = handle;
      (event.first_ == nullptr ? event.first_ : event.last_->next) = this;
      event.last_ = this;
    }
    void await_resume() const noexcept {}

    Broadcast& event;
    Awaiter* next = nullptr;
    std::coroutine_handle<> waiter;
  };

  Awaiter wait() noexcept { return Awaiter(*this); }
  bool has_waiters() const noexcept { return first_ != nullptr; }

  void wake_all() noexcept {
    Awaiter* next = std::exchange(first_, nullptr);
    last_ = nullptr;
    while (next != nullptr) {
      // The awaiter lives in the frame that is about to run, and may be gone after it.
      const std::coroutine_handle<> waiter = next->waiter;
      next = next->next;
      waiter.resume();
    }
  }

 private:
  Awaiter* first_ = nullptr;
  Awaiter* last_ = nullptr;
};

}  // namespace latchkey::runtime
