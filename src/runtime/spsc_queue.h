// A bounded queue without locks, for exactly one producer thread and one consumer thread. The producer sees
// when it is full and decides what to do.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "latchkey/base/assert.h"

namespace latchkey::runtime {

inline constexpr std::size_t kCacheLineBytes = 64;

template <class T>
class SpscQueue {
 public:
  /// `capacity` is rounded up to a power of two.
  explicit SpscQueue(std::size_t capacity)
      : mask_(std::bit_ceil(capacity) - 1), items_(std::make_unique<T[]>(mask_ + 1)) {
    LATCHKEY_ASSERT(capacity > 0);
  }

  std::size_t capacity() const noexcept { return mask_ + 1; }

  /// Producer only. Returns false, and adds nothing, when full.
  [[nodiscard]] bool push(T item) noexcept {
    const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - known_head_ > mask_) {
      known_head_ = head_.load(std::memory_order_acquire);
      if (tail - known_head_ > mask_) return false;
    }
    items_[tail & mask_] = std::move(item);
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  /// Consumer only. Returns false when empty.
  [[nodiscard]] bool pop(T& item) noexcept {
    const std::uint64_t head = head_.load(std::memory_order_relaxed);
    if (head == known_tail_) {
      known_tail_ = tail_.load(std::memory_order_acquire);
      if (head == known_tail_) return false;
    }
    item = std::move(items_[head & mask_]);
    head_.store(head + 1, std::memory_order_release);
    return true;
  }

 private:
  const std::size_t mask_;
  const std::unique_ptr<T[]> items_;
  // Each side's words have their own cache line, together with its last view of the other side's.
  alignas(kCacheLineBytes) std::atomic<std::uint64_t> tail_{0};
  std::uint64_t known_head_ = 0;
  alignas(kCacheLineBytes) std::atomic<std::uint64_t> head_{0};
  std::uint64_t known_tail_ = 0;
};

}  // namespace latchkey::runtime
