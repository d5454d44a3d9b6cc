// Task<T>: a lazy coroutine that runs on the thread that awaits it. The Task owns its frame. No task is
// detached: a parent awaits it once, or it is spawned into a Nursery.
//
// Starting a child resumes it inside the parent's `await_suspend`. A child that finishes without waiting lets
// the parent go on in the same call. So a chain of a million completed awaits does not deepen the stack, in
// any build. Symmetric transfer achieves that only where the compiler makes it a tail call, which GCC 12 does
// not without optimisation or under sanitizers (docs/architecture.md, "Tasks").
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "latchkey/base/assert.h"
#include "runtime/frame_pool.h"

namespace latchkey::runtime {

template <class T>
class Task;

namespace detail {

class PromiseBase {
 public:
  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { free_frame(frame, size); }

  std::suspend_always initial_suspend() const noexcept { return {}; }

  struct FinalAwaiter {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> self) const noexcept {
      // The parent may destroy this frame while it runs. Nothing here is touched after the call.
      const std::coroutine_handle<> parent = self.promise().parent_;
      if (parent) parent.resume();
    }
    void await_resume() const noexcept {}
  };
  FinalAwaiter final_suspend() const noexcept { return {}; }

  // Errors that the world can cause are values. An exception here is a bug or the end of memory.
  [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }

  void set_parent(std::coroutine_handle<> parent) noexcept { parent_ = parent; }

 private:
  std::coroutine_handle<> parent_;
};

template <class T>
class Promise final : public PromiseBase {
 public:
  Task<T> get_return_object() noexcept;
  template <class U>
  void return_value(U&& value) {
    value_.emplace(std::forward<U>(value));
  }
  T take() {
    LATCHKEY_ASSERT(value_.has_value());
    return std::move(*value_);
  }

 private:
  std::optional<T> value_;
};

template <>
class Promise<void> final : public PromiseBase {
 public:
  Task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void take() const noexcept {}
};

}  // namespace detail

template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  explicit Task(Handle handle) noexcept : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      if (handle_) handle_.destroy();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  class Awaiter {
   public:
    explicit Awaiter(Handle child) noexcept : child_(child) {}
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> parent) const noexcept {
      child_.resume();
      if (child_.done()) return false;
      child_.promise().set_parent(parent);
      return true;
    }
    T await_resume() const { return child_.promise().take(); }

   private:
    Handle child_;
  };

  /// Starts the task.
  /// Lifetime: the Task object lives until it has finished; awaiting a named task ensures that.
  Awaiter operator co_await() const noexcept {
    LATCHKEY_ASSERT(handle_ && !handle_.done());
    return Awaiter(handle_);
  }

 private:
  Handle handle_;
};

namespace detail {

template <class T>
Task<T> Promise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}

inline Task<void> Promise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}

}  // namespace detail

}  // namespace latchkey::runtime
