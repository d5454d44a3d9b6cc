// Nursery: a scope for tasks that run beside each other. It does not end before they do; destroying one with
// running children is a bug.
// Thread: one.
// Lifetime: its owner outlives the children.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>

#include "latchkey/base/assert.h"
#include "latchkey/runtime/await.h"
#include "latchkey/runtime/task.h"
#include "runtime/frame_pool.h"

namespace latchkey::runtime {

class Nursery {
 public:
  Nursery() = default;
  ~Nursery() { LATCHKEY_ASSERT(running_ == 0); }
  Nursery(const Nursery&) = delete;
  Nursery& operator=(const Nursery&) = delete;

  /// Starts `task` at once on this thread, and runs it up to its first wait.
  void spawn(Task<void> task) {
    ++running_;
    run(*this, std::move(task));
  }

  /// How many children have not finished.
  std::size_t running() const noexcept { return running_; }

  /// Waits until no child runs. Children may be spawned meanwhile.
  /// Requires: nobody else waits.
  auto join() noexcept {
    struct Awaiter {
      Nursery& nursery;
      bool await_ready() const noexcept { return nursery.running_ == 0; }
      void await_suspend(std::coroutine_handle<> waiter) const noexcept {
        LATCHKEY_ASSERT(!nursery.waiter_);
        nursery.waiter_ = waiter;
      }
      void await_resume() const noexcept {}
    };
    return Awaiter{*this};
  }

 private:
  // The frame around a child. It frees itself; afterwards only the nursery knows that the child is gone.
  struct Child {
    struct promise_type {
      static void* operator new(std::size_t size) { return allocate_frame(size); }
      static void operator delete(void* frame, std::size_t size) noexcept { free_frame(frame, size); }
      Child get_return_object() const noexcept { return {}; }
      std::suspend_never initial_suspend() const noexcept { return {}; }
      std::suspend_never final_suspend() const noexcept { return {}; }
      void return_void() const noexcept {}
      [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
    };
  };

  static Child run(Nursery& nursery, Task<void> task) {
    LATCHKEY_AWAIT(std::move(task));
    nursery.child_ended();
  }

  void child_ended() noexcept {
    LATCHKEY_ASSERT(running_ > 0);
    if (--running_ > 0 || !waiter_) return;
    const std::coroutine_handle<> waiter = std::exchange(waiter_, nullptr);
    waiter.resume();
  }

  std::size_t running_ = 0;
  std::coroutine_handle<> waiter_;
};

}  // namespace latchkey::runtime
