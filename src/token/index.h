// Index: finds the number of an entry (or of a user's record) by a 64-bit hash. It is open addressing over
// 8-byte cells, in segments that grow one at a time. Growing never copies more than one segment, and the
// arrays are about three quarters full at every size.
// Thread: one core owns and changes it; any core finds without a lock.
//
// A reader never misses a cell that is there. A cell never moves within an array, and a cell that is taken
// out leaves a mark. A growing segment gets a new array, which is filled and then published by one store; the
// old array keeps its cells until no core can be reading it. A reader that misses checks whether the array is
// still the same, and searches again if it is not. Only a miss in an array that is still in place is a miss.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "latchkey/base/result.h"
#include "latchkey/runtime/page_heap.h"
#include "latchkey/runtime/quiescence.h"
#include "token/hold.h"

namespace latchkey::token {

/// How much room an index keeps.
struct IndexShape {
  double growth = 1.25;   ///< how much larger the next array of a segment is
  double fullest = 0.85;  ///< an array is replaced when this share of it is in use, marks included
};

class Index {
 public:
  static constexpr std::uint32_t kNone = 0;

  /// About the same number of segments in total for any number of cores. An empty server costs a page for
  /// each.
  static constexpr std::uint32_t kSegmentsInAll = 1024;
  static std::uint32_t segments_for(std::uint32_t shards) noexcept;

  /// Requires: `segments` is a power of two.
  /// Lifetime: all arguments must outlive the index.
  static Result<std::unique_ptr<Index>> create(runtime::PageHeap& heap, runtime::Quiescence& quiescence,
                                               runtime::CoreId core, std::uint32_t segments,
                                               IndexShape shape = {});
  /// Requires: no core reads, and nothing that the index retired still waits.
  ~Index();
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  /// Returns the value of the cell with this hash for which `match(value)` holds, or kNone. `match` is also
  /// asked about values of other hashes, with a chance of 1 in 2^32 per cell. `hold` is called after an array
  /// is loaded and before it is searched.
  /// Thread: any core, while active.
  template <class Match, class Hold = NoHold>
  std::uint32_t find(std::uint64_t hash, Match&& match, Hold&& hold = {}) const noexcept {
    const std::atomic<std::uint64_t>& segment = segments_[hash & segment_mask_];
    std::uint64_t word = segment.load(std::memory_order_acquire);
    while (true) {
      hold();
      const std::uint32_t value = search(View(word), hash, match);
      if (value != kNone) return value;
      const std::uint64_t again = segment.load(std::memory_order_acquire);
      if (again == word) return kNone;
      word = again;
    }
  }

  /// Prefetches the memory that `find` will look at first.
  /// Thread: any core, while active.
  void fetch(std::uint64_t hash) const noexcept {
    const View view(segments_[hash & segment_mask_].load(std::memory_order_acquire));
    __builtin_prefetch(view.cells() + home(fingerprint(hash), view.capacity()));
  }

  /// Returns false, and changes nothing, if the segment is full and there is no memory to grow it.
  /// Requires: `value` is neither 0 nor 2^32 - 1.
  [[nodiscard]] bool insert(std::uint64_t hash, std::uint32_t value);
  /// Requires: the cell with this hash and value is there.
  void erase(std::uint64_t hash, std::uint32_t value);
  /// Gives the cell with this hash and `old` a new value.
  /// Requires: that cell is there.
  void replace(std::uint64_t hash, std::uint32_t old, std::uint32_t value) noexcept;

  std::size_t size() const noexcept { return size_; }
  /// Bytes of the arrays that are in place.
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  static constexpr std::uint32_t kMark = 0xFFFF'FFFF;
  static constexpr std::size_t kUnitBytes = 4096;
  static constexpr std::size_t kCellsPerUnit = kUnitBytes / sizeof(std::uint64_t);

  using Cell = std::atomic<std::uint64_t>;  // fingerprint 32 | value 32; 0 is empty

  /// An array and its length in one word, so that a reader needs no other cache line to find its cell. The
  /// address, in units of 4 KiB, has 36 bits on the machines this runs on.
  class View {
   public:
    static constexpr int kUnitBits = 28;
    View() = default;
    explicit View(std::uint64_t word) noexcept : word_(word) {}
    explicit View(runtime::PageBlock block) noexcept;
    Cell* cells() const noexcept {
      // The address is part of the word, on purpose. NOLINTNEXTLINE(performance-no-int-to-ptr)
      return reinterpret_cast<Cell*>(static_cast<std::uintptr_t>(word_ >> kUnitBits) * kUnitBytes);
    }
    std::size_t units() const noexcept { return word_ & ((std::uint64_t{1} << kUnitBits) - 1); }
    std::size_t capacity() const noexcept { return units() * kCellsPerUnit; }
    runtime::PageBlock block() const noexcept {
      return {reinterpret_cast<std::byte*>(cells()), units() * kUnitBytes};
    }
    std::uint64_t word() const noexcept { return word_; }

   private:
    std::uint64_t word_ = 0;
  };

  struct Count {
    std::uint32_t live = 0;
    std::uint32_t used = 0;  // live cells and marks
  };

  Index(runtime::PageHeap& heap, runtime::Quiescence& quiescence, runtime::CoreId core,
        std::uint32_t segments, IndexShape shape);

  static std::uint32_t fingerprint(std::uint64_t hash) noexcept {
    return static_cast<std::uint32_t>(hash >> 32);
  }
  /// Fingerprint order is the order of places, so an array is copied from front to back.
  static std::size_t home(std::uint32_t fingerprint, std::size_t capacity) noexcept {
    return static_cast<std::size_t>(fingerprint) * capacity >> 32;
  }

  template <class Match>
  static std::uint32_t search(View view, std::uint64_t hash, Match& match) noexcept {
    const Cell* const cells = view.cells();
    const std::size_t capacity = view.capacity();
    std::size_t at = home(fingerprint(hash), capacity);
    for (std::size_t steps = 0; steps < capacity; ++steps) {
      const std::uint64_t cell = cells[at].load(std::memory_order_acquire);
      if (cell == 0) return kNone;
      const auto value = static_cast<std::uint32_t>(cell);
      if (cell >> 32 == fingerprint(hash) && value != kMark && match(value)) return value;
      if (++at == capacity) at = 0;
    }
    return kNone;
  }

  static Cell& cell_of(View view, std::uint64_t hash, std::uint32_t value) noexcept;
  static void put(View view, std::uint64_t cell, std::memory_order order) noexcept;
  std::size_t units_for(std::size_t segment, std::size_t live) const noexcept;
  bool rebuild(std::size_t segment, std::size_t units);
  static void give_back(void* heap, void* data, std::size_t bytes) noexcept;

  runtime::PageHeap& heap_;
  runtime::Quiescence& quiescence_;
  const runtime::CoreId core_;
  const IndexShape shape_;
  const std::uint64_t segment_mask_;
  const std::unique_ptr<std::atomic<std::uint64_t>[]> segments_;
  std::vector<Count> counts_;
  std::size_t size_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace latchkey::token
