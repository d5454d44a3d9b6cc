// BoundedQueue: a first-in, first-out queue of fixed capacity on one thread. Allocates only when made.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "latchkey/base/assert.h"

namespace latchkey::load {

template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : items_(capacity) {}

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  bool full() const noexcept { return size_ == items_.size(); }

  /// Requires: the queue is not full.
  void push(T item) noexcept {
    LATCHKEY_ASSERT(!full());
    const std::size_t at = first_ + size_;
    items_[at < items_.size() ? at : at - items_.size()] = std::move(item);
    ++size_;
  }
  /// Requires: the queue is not empty.
  const T& front() const noexcept { return items_[first_]; }
  T pop() noexcept {
    LATCHKEY_ASSERT(!empty());
    T item = std::move(items_[first_]);
    if (++first_ == items_.size()) first_ = 0;
    --size_;
    return item;
  }

 private:
  std::vector<T> items_;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace latchkey::load
