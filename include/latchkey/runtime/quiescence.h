// Quiescence: decides when replaced memory may be freed. Cores read shared memory without a lock. What its
// owner replaces is kept until every core has been seen to hold none of it. One object per process, made
// before the cores run.
// Thread: each core's own, with the core's number.
//
// A core is active from `activate` to `rest`. Both calls drop all references that it held before. So no
// reference outlives the pass of the loop that took it, or lives across a `co_await`. `Borrowed` asserts
// that.
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

/// Frees `object` of `bytes` bytes (0 if the size is of no interest) for `owner`, on the thread that retired
/// it.
using Reclaim = void (*)(void* owner, void* object, std::size_t bytes) noexcept;

class Quiescence {
 public:
  /// How many objects of a core may wait to be freed. Callers ask `has_room` before they begin work that
  /// retires. Work already begun may exceed the bound, by as much again.
  static constexpr std::size_t kMaxRetired = 4096;

  explicit Quiescence(CoreId cores);
  /// Frees all that is left.
  /// Requires: no thread uses the object any more.
  ~Quiescence();
  Quiescence(const Quiescence&) = delete;
  Quiescence& operator=(const Quiescence&) = delete;

  CoreId cores() const noexcept { return cores_; }

  /// Called once per pass of the loop, before anything shared is read.
  void activate(CoreId core) noexcept;
  /// Called before the thread waits in the kernel. A core at rest delays nobody's freeing.
  void rest(CoreId core) noexcept;

  bool has_room(CoreId core, std::size_t objects) const noexcept {
    return state_[core].retired.size() + objects <= kMaxRetired;
  }
  /// Hands over memory that no new reader can reach: it was unpublished before, with release ordering. `core`
  /// is the caller's own.
  void retire(CoreId core, Reclaim reclaim, void* owner, void* object, std::size_t bytes);
  /// Frees what `core` retired and all cores are done with. Called once per pass. Returns the number of
  /// objects freed.
  std::size_t collect(CoreId core) noexcept;
  /// Frees all that `core` retired.
  /// Requires: no other thread reads, as at the start or the end.
  void collect_all(CoreId core) noexcept;

  /// How many objects of `core`, and how many bytes, wait to be freed.
  std::size_t retired(CoreId core) const noexcept { return state_[core].retired.size(); }
  std::size_t retired_bytes(CoreId core) const noexcept { return state_[core].retired_bytes; }

  /// The number of the core's current pass, odd while it is active. It changes at every activate and rest.
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

/// A value that leads to memory which may be freed. It is valid until the core's pass ends; later use is an
/// asserted bug.
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
