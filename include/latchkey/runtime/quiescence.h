// Quiescence: when what was replaced may be freed. Cores read shared memory without a lock; what its owner
// has replaced is kept until every core has been seen to hold nothing of it. One object for the process, made
// before the cores run; each core calls with its own number, from its own thread.
//
// A core is active from `activate` to `rest`; both drop what it held before. So no reference outlives the
// pass of the loop that took it, and none lives across a `co_await`: `Borrowed` asserts that.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include "latchkey/base/assert.h"
#include "runtime/spsc_queue.h"

namespace latchkey::runtime {

using CoreId = std::uint32_t;

/// Frees `object` of `bytes` bytes (0 where the size says nothing) for `owner`; on the thread that retired
/// it.
using Reclaim = void (*)(void* owner, void* object, std::size_t bytes) noexcept;

class Quiescence {
 public:
  /// What a core may have waiting to be freed. Callers ask `has_room` before they begin what retires; what
  /// has begun may go past it, by as much again.
  static constexpr std::size_t kMaxRetired = 4096;

  explicit Quiescence(CoreId cores);
  /// No thread uses the object any more: frees all that is left.
  ~Quiescence();
  Quiescence(const Quiescence&) = delete;
  Quiescence& operator=(const Quiescence&) = delete;

  CoreId cores() const noexcept { return cores_; }

  /// Once a pass of the loop, before anything shared is read.
  void activate(CoreId core) noexcept;
  /// Before the thread waits in the kernel: a core at rest delays nobody's freeing.
  void rest(CoreId core) noexcept;

  bool has_room(CoreId core, std::size_t objects) const noexcept {
    return state_[core].retired.size() + objects <= kMaxRetired;
  }
  /// Hands over what no new reader can reach any more: it was unpublished before, with release. `core` is the
  /// caller's own.
  void retire(CoreId core, Reclaim reclaim, void* owner, void* object, std::size_t bytes);
  /// Frees what `core` retired and every core is done with. Once a pass. Returns how many objects were freed.
  std::size_t collect(CoreId core) noexcept;
  /// Frees all that `core` retired. Only when no other thread reads, at the start or at the end.
  void collect_all(CoreId core) noexcept;

  /// How many objects of `core`, and how many bytes, wait to be freed.
  std::size_t retired(CoreId core) const noexcept { return state_[core].retired.size(); }
  std::size_t retired_bytes(CoreId core) const noexcept { return state_[core].retired_bytes; }

  /// The number of the core's present pass, odd while it is active; changes at every activate and rest.
  const std::uint64_t& pass_of(CoreId core) const noexcept { return state_[core].pass; }

 private:
  struct Retired {
    std::uint64_t epoch;
    Reclaim reclaim;
    void* owner;
    void* object;
    std::size_t bytes;
  };
  struct alignas(kCacheLineBytes) Slot {
    std::atomic<std::uint64_t> epoch{0};  // 0: at rest
  };
  struct alignas(kCacheLineBytes) State {  // of the core's own thread
    std::uint64_t pass = 0;
    std::size_t retired_bytes = 0;
    std::deque<Retired> retired;
  };

  std::uint64_t oldest_active() noexcept;
  void free_first(State& state) noexcept;

  const CoreId cores_;
  alignas(kCacheLineBytes) std::atomic<std::uint64_t> epoch_{1};
  const std::unique_ptr<Slot[]> slots_;
  const std::unique_ptr<State[]> state_;
};

/// A value that leads to what may be freed: good until the core's pass ends; using it later is a bug, and
/// asserted.
template <class T>
class Borrowed {
 public:
  Borrowed() = default;  ///< nothing
  Borrowed(const T& value, const Quiescence& quiescence, CoreId core) noexcept
      : value_(value), pass_(&quiescence.pass_of(core)), taken_in_(*pass_) {
    LATCHKEY_ASSERT(taken_in_ % 2 == 1);
  }

  explicit operator bool() const noexcept { return pass_ != nullptr; }
  const T& operator*() const noexcept { return checked(); }
  const T* operator->() const noexcept { return &checked(); }

 private:
  const T& checked() const noexcept {
    LATCHKEY_ASSERT(pass_ != nullptr && *pass_ == taken_in_);
    return value_;
  }

  T value_{};
  const std::uint64_t* pass_ = nullptr;
  std::uint64_t taken_in_ = 0;
};

}  // namespace latchkey::runtime
