// BufferRing: the receive buffers of one core, lent to the kernel as a ring of provided buffers. Each buffer
// is with the kernel or with the holder of its Chunk. All memory is mapped and touched at start.
// Thread: that of the core that owns it. It is made on the main thread before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "latchkey/base/assert.h"
#include "latchkey/base/result.h"
#include "latchkey/base/secret.h"
#include "latchkey/runtime/ring.h"

namespace latchkey::runtime {

class BufferRing;

/// Received bytes in a buffer on loan. Destroying the chunk wipes the buffer, which may hold a password, and
/// returns it.
/// Lifetime: the ring outlives it.
class Chunk {
 public:
  Chunk() = default;
  Chunk(BufferRing& owner, std::uint16_t id, std::span<char> bytes) noexcept
      : owner_(&owner), id_(id), bytes_(bytes) {}
  Chunk(Chunk&& other) noexcept
      : owner_(std::exchange(other.owner_, nullptr)),
        id_(other.id_),
        bytes_(std::exchange(other.bytes_, {})) {}
  Chunk& operator=(Chunk&& other) noexcept {
    if (this != &other) {
      release();
      owner_ = std::exchange(other.owner_, nullptr);
      id_ = other.id_;
      bytes_ = std::exchange(other.bytes_, {});
    }
    return *this;
  }
  ~Chunk() { release(); }

  std::span<char> bytes() const noexcept { return bytes_; }
  void release() noexcept;
  /// For bytes that are known to hold no secret: a buffer that carries only checks is not worth wiping.
  void release_unwiped() noexcept;

 private:
  friend class ChunkQueue;

  BufferRing* owner_ = nullptr;
  std::uint16_t id_ = 0;
  std::span<char> bytes_;
};

/// A first-in, first-out queue of chunks. They are linked through a table that the ring keeps beside its
/// buffers, so an idle owner pays only for an empty queue. It can hold every buffer of the ring.
class ChunkQueue {
 public:
  explicit ChunkQueue(BufferRing& ring) noexcept : ring_(ring) {}
  ~ChunkQueue() { clear(); }
  ChunkQueue(const ChunkQueue&) = delete;
  ChunkQueue& operator=(const ChunkQueue&) = delete;

  std::size_t size() const noexcept { return size_; }
  void push(Chunk chunk) noexcept;
  /// Requires: the queue is not empty.
  Chunk pop() noexcept;
  void clear() noexcept;

 private:
  BufferRing& ring_;
  std::uint16_t first_ = 0;
  std::uint16_t last_ = 0;
  std::uint16_t size_ = 0;
};

/// Notified once, when a buffer has come back to a ring that had run out. It is its own link in the list.
class BufferWaiter {
 public:
  /// Returns whether it will take the buffer. If not, the next waiter is notified.
  virtual bool buffer_is_back() noexcept = 0;

 protected:
  ~BufferWaiter() { LATCHKEY_ASSERT(!waiting_); }

 private:
  friend class BufferRing;
  BufferWaiter* previous_ = nullptr;
  BufferWaiter* next_ = nullptr;
  bool waiting_ = false;
};

class BufferRing {
 public:
  /// The only group of buffers on a core's ring.
  static constexpr std::uint16_t kGroup = 0;

  /// `entries` is a power of two, at most 32768. The buffers are registered with `ring`.
  /// Requires: `ring` is not enabled yet. It runs no completion after this is destroyed.
  static Result<std::unique_ptr<BufferRing>> create(Ring& ring, unsigned entries, std::size_t buffer_bytes);
  ~BufferRing();
  BufferRing(const BufferRing&) = delete;
  BufferRing& operator=(const BufferRing&) = delete;

  /// The buffer that a completion names in its flags, holding the `received` bytes.
  Chunk take(std::uint32_t completion_flags, std::size_t received) noexcept;

  /// The bytes that `take` would lend. Empty if the completion brought none in a buffer.
  std::string_view peek(std::uint32_t completion_flags, std::int32_t result) const noexcept;

  /// False when every buffer is on loan. After a receive ended with -ENOBUFS, one may already be back.
  bool has_buffer() const noexcept { return on_loan_ < entries_; }

  /// Notifies `waiter` when a buffer comes back. Waiters are served in order, one per buffer.
  void wait_for_buffer(BufferWaiter& waiter) noexcept;
  void stop_waiting(BufferWaiter& waiter) noexcept;

  /// Notifies the next waiter if there is a buffer for it. For when a notified waiter ended without taking
  /// its buffer.
  void pass_on() noexcept;

  std::size_t buffer_bytes() const noexcept { return buffer_bytes_; }

 private:
  friend class Chunk;
  friend class ChunkQueue;

  /// The state of a buffer while it is in a ChunkQueue.
  struct Queued {
    std::uint32_t bytes = 0;
    std::uint16_t next = 0;
  };

  BufferRing(unsigned entries, std::size_t buffer_bytes)
      : entries_(entries), buffer_bytes_(buffer_bytes), queued_(entries) {}
  char* buffer(std::uint16_t id) const noexcept { return memory_ + std::size_t{id} * buffer_bytes_; }
  void hand_to_kernel(std::uint16_t id) noexcept;
  void give_back(std::uint16_t id) noexcept;

  const unsigned entries_;
  const std::size_t buffer_bytes_;
  std::size_t mapped_bytes_ = 0;
  io_uring_buf_ring* ring_ = nullptr;
  char* memory_ = nullptr;
  unsigned on_loan_ = 0;  ///< lent to chunks; the others are with the kernel or in a pending completion
  std::vector<Queued> queued_;
  BufferWaiter* first_waiter_ = nullptr;
  BufferWaiter* last_waiter_ = nullptr;
};

inline void Chunk::release() noexcept {
  if (owner_ == nullptr) return;
  wipe(bytes_.data(), bytes_.size());
  release_unwiped();
}

inline void Chunk::release_unwiped() noexcept {
  if (owner_ != nullptr) std::exchange(owner_, nullptr)->give_back(id_);
  bytes_ = {};
}

inline void ChunkQueue::push(Chunk chunk) noexcept {
  LATCHKEY_ASSERT(chunk.owner_ == &ring_);
  chunk.owner_ = nullptr;
  ring_.queued_[chunk.id_] = {static_cast<std::uint32_t>(chunk.bytes_.size()), 0};
  (size_++ == 0 ? first_ : ring_.queued_[last_].next) = chunk.id_;
  last_ = chunk.id_;
}

inline Chunk ChunkQueue::pop() noexcept {
  LATCHKEY_ASSERT(size_ > 0);
  const std::uint16_t id = first_;
  first_ = ring_.queued_[id].next;
  --size_;
  return Chunk(ring_, id, std::span<char>(ring_.buffer(id), ring_.queued_[id].bytes));
}

inline void ChunkQueue::clear() noexcept {
  while (size_ > 0) pop();
}

}  // namespace latchkey::runtime
