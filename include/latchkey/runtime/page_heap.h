// PageHeap: blocks of whole pages, of any size, cut from one reserved range that huge pages back. What comes
// back is handed out again: arrays that are replaced all the time as a table grows neither map nor fault. A
// block is cut where it fits first, so that the range runs empty at its end, from where memory goes back.
// Owned by one thread, the page client's.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "latchkey/base/result.h"
#include "latchkey/runtime/page_source.h"

namespace latchkey::runtime {

class PageHeap {
 public:
  static constexpr std::size_t kPageBytes = 4096;
  static constexpr std::size_t kChunkBytes = std::size_t{2} << 20;

  /// Addresses for `max_bytes`, of which what is used takes memory. `pages` outlives the heap. Error
  /// kUnavailable where the kernel refuses the addresses.
  static Result<std::unique_ptr<PageHeap>> create(PageClient& pages, std::size_t max_bytes);
  /// All blocks are given back, or are never touched again.
  ~PageHeap() = default;
  PageHeap(const PageHeap&) = delete;
  PageHeap& operator=(const PageHeap&) = delete;

  /// `bytes`, more than 0, rounded up to pages. What its last user wrote may stand in it. `data` is nullptr
  /// where there is no memory, or no more room: that may pass, as memory which is on its way back to the
  /// kernel is not waited for.
  PageBlock take(std::size_t bytes);
  /// A block that `take` gave. Nobody reads it any more.
  void give_back(PageBlock block) noexcept;

  /// Memory that the heap holds, and how much of it is in blocks.
  std::size_t bytes() const noexcept { return range_->ready_bytes(); }
  std::size_t used_bytes() const noexcept { return used_pages_ * kPageBytes; }

 private:
  static constexpr std::size_t kChunkPages = kChunkBytes / kPageBytes;
  // So much stays free at the end before memory goes back, or a user at the edge would fetch it again at
  // once.
  static constexpr std::size_t kKeptChunks = 2;

  /// Pages next to each other, by number.
  struct Extent {
    std::size_t first;
    std::size_t pages;
    std::size_t end() const noexcept { return first + pages; }
  };

  explicit PageHeap(std::unique_ptr<ReservedRange> range) noexcept : range_(std::move(range)) {}

  bool cut(std::size_t pages, std::size_t& first) noexcept;
  bool grow(std::size_t pages);
  void shrink() noexcept;
  void add_free(Extent extent) noexcept;
  /// Free pages at the end of what the heap holds.
  std::size_t free_at_end() const noexcept;

  const std::unique_ptr<ReservedRange> range_;
  std::size_t chunks_ = 0;    // the first ones of the range are the heap's
  std::vector<Extent> free_;  // by number; no two touch
  std::size_t blocks_ = 0;
  std::size_t used_pages_ = 0;
};

}  // namespace latchkey::runtime
