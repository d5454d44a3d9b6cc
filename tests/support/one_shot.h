// OneShot: hands one value to one waiting coroutine, which goes on within `set`. For tests, which decide when
// a coroutine goes on. Thread: one.
#pragma once

#include <coroutine>
#include <optional>
#include <utility>

#include "latchkey/base/assert.h"

namespace latchkey::test {

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

}  // namespace latchkey::test
