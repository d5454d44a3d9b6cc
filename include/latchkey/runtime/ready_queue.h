// ReadyQueue: coroutines of one thread that may go on, first in first out. Code that wakes another coroutine
// puts it here instead of resuming it, so that nothing else runs before that code returns. The queue's owner
// resumes the coroutines, a bounded number per pass of the loop. Completions of the kernel, messages and
// deadlines resume their coroutines themselves: no other frame of their thread is on the stack then. Thread:
// its owner's.
#pragma once

#include <algorithm>
#include <coroutine>
#include <cstddef>
#include <utility>

#include "latchkey/base/assert.h"

namespace latchkey::runtime {

/// A suspended coroutine in a list. It lives in the frame of that coroutine, so waiting allocates nothing.
struct Waiter {
  std::coroutine_handle<> handle{};
  Waiter* next = nullptr;
};

/// An intrusive list of waiters, first in first out. Lifetime: a waiter outlives its time in the list.
class WaitList {
 public:
  class Wait : private Waiter {
   public:
    explicit Wait(WaitList& list) noexcept : list_(list) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiter) noexcept {
      handle = waiter;
      list_.push(*this);
    }
    void await_resume() const noexcept {}

   private:
    WaitList& list_;
  };

  WaitList() = default;
  ~WaitList() { LATCHKEY_ASSERT(is_empty()); }
  WaitList(const WaitList&) = delete;
  WaitList& operator=(const WaitList&) = delete;

  bool is_empty() const noexcept { return first_ == nullptr; }
  std::size_t size() const noexcept { return size_; }

  /// `co_await list.wait()`: the coroutine waits at the end of the list.
  Wait wait() noexcept { return Wait(*this); }

  /// Requires: `waiter` is in no list.
  void push(Waiter& waiter) noexcept {
    waiter.next = nullptr;
    (is_empty() ? first_ : last_->next) = &waiter;
    last_ = &waiter;
    ++size_;
  }

  /// Takes all of `other` in, behind its own.
  void append(WaitList& other) noexcept {
    if (other.is_empty()) return;
    (is_empty() ? first_ : last_->next) = std::exchange(other.first_, nullptr);
    last_ = other.last_;
    size_ += std::exchange(other.size_, 0);
  }

  /// The handle of the first one, which leaves the list. Requires: the list is not empty.
  std::coroutine_handle<> pop() noexcept {
    LATCHKEY_ASSERT(!is_empty());
    const Waiter& first = *first_;
    first_ = first.next;
    --size_;
    return first.handle;
  }

 private:
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
  std::size_t size_ = 0;
};

class ReadyQueue {
 public:
  bool is_empty() const noexcept { return ready_.is_empty(); }

  /// Lifetime: the coroutine lives until it has been resumed.
  void push(Waiter& waiter) noexcept { ready_.push(waiter); }
  void append(WaitList& waiters) noexcept { ready_.append(waiters); }

  /// Resumes the first `most`. What becomes ready meanwhile waits for the next call. Requires: not called
  /// from a coroutine that it resumes.
  void run(std::size_t most) noexcept {
    for (std::size_t left = std::min(most, ready_.size()); left > 0; --left) ready_.pop().resume();
  }

 private:
  WaitList ready_;
};

}  // namespace latchkey::runtime
