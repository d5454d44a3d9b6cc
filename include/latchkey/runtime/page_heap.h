// PageHeap: blocks of whole pages, of any size, cut from one reserved range backed by huge pages. Returned
// blocks are reused, so the arrays that a growing table keeps replacing neither map memory nor fault. A block
// is cut from the first place where it fits. The range thus empties at its end, from where memory is
// returned.
// Thread: the page client's, which owns it.
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

  /// Reserves addresses for `max_bytes`. Only used parts take memory.
  /// Errors: kUnavailable if the kernel refuses the addresses.
  /// Lifetime: `pages` outlives the heap.
  static Result<std::unique_ptr<PageHeap>> create(PageClient& pages, std::size_t max_bytes);
  /// Requires: all blocks have been given back or are never touched again.
  ~PageHeap() = default;
  PageHeap(const PageHeap&) = delete;
  PageHeap& operator=(const PageHeap&) = delete;

  /// A block of `bytes`, more than 0, rounded up to pages. It may hold what its last user wrote. `data` is
  /// nullptr if there is no memory or no room. That may pass: memory on its way back to the kernel is not
  /// waited for.
  PageBlock take(std::size_t bytes);
  /// Returns a block that `take` gave.
  /// Requires: nobody reads it any more.
  void give_back(PageBlock block) noexcept;

  /// The memory that the heap holds, and how much of it is in blocks.
  std::size_t bytes() const noexcept { return range_->ready_bytes(); }
  std::size_t used_bytes() const noexcept { return used_pages_ * kPageBytes; }

 private:
  static constexpr std::size_t kChunkPages = kChunkBytes / kPageBytes;
  // How much stays free at the end before memory is returned. Otherwise a user at the edge would fetch it
  // again at once.
  static constexpr std::size_t kKeptChunks = 2;

  /// Adjacent pages, by number.
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
  /// The number of free pages at the end of what the heap holds.
  std::size_t free_at_end() const noexcept;

  const std::unique_ptr<ReservedRange> range_;
  std::size_t chunks_ = 0;    // the heap holds this many chunks from the start of the range
  std::vector<Extent> free_;  // ordered by number; no two are adjacent
  std::size_t blocks_ = 0;
  std::size_t used_pages_ = 0;
};

}  // namespace latchkey::runtime
