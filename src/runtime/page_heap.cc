#include "latchkey/runtime/page_heap.h"

#include <algorithm>
#include <utility>

#include "latchkey/base/assert.h"

namespace latchkey::runtime {

Result<std::unique_ptr<PageHeap>> PageHeap::create(PageClient& pages, std::size_t max_bytes) {
  LATCHKEY_TRY(auto range, ReservedRange::reserve(pages, kChunkBytes, max_bytes / kChunkBytes + 1));
  return std::unique_ptr<PageHeap>(new PageHeap(std::move(range)));
}

PageBlock PageHeap::take(std::size_t bytes) {
  LATCHKEY_ASSERT(bytes > 0);
  const std::size_t pages = (bytes + kPageBytes - 1) / kPageBytes;
  // There is at most one more free extent than there are blocks, so `add_free` finds room.
  if (free_.capacity() < blocks_ + 3) free_.reserve(2 * blocks_ + 16);
  std::size_t first = 0;
  if (!cut(pages, first) && !(grow(pages) && cut(pages, first))) return {};
  ++blocks_;
  used_pages_ += pages;
  if (free_at_end() < kChunkPages / 2 && chunks_ < range_->chunks()) range_->order(chunks_);
  return {range_->base() + first * kPageBytes, pages * kPageBytes};
}

void PageHeap::give_back(PageBlock block) noexcept {
  const std::size_t pages = block.bytes / kPageBytes;
  --blocks_;
  used_pages_ -= pages;
  add_free({static_cast<std::size_t>(block.data - range_->base()) / kPageBytes, pages});
  shrink();
}

bool PageHeap::cut(std::size_t pages, std::size_t& first) noexcept {
  const auto fits = [pages](const Extent& extent) { return extent.pages >= pages; };
  const auto found = std::find_if(free_.begin(), free_.end(), fits);
  if (found == free_.end()) return false;
  first = found->first;
  found->first += pages;
  found->pages -= pages;
  if (found->pages == 0) free_.erase(found);
  return true;
}

/// Makes sure that at least `pages` pages are free at the end. False if it cannot.
bool PageHeap::grow(std::size_t pages) {
  while (free_at_end() < pages) {
    if (chunks_ == range_->chunks() || range_->state(chunks_) == ReservedRange::Chunk::kReleasing ||
        !range_->make_ready(chunks_)) {
      return false;
    }
    add_free({chunks_ * kChunkPages, kChunkPages});
    ++chunks_;
  }
  return true;
}

void PageHeap::shrink() noexcept {
  while (free_at_end() >= (kKeptChunks + 1) * kChunkPages) {
    // A chunk that was ordered ahead of need goes first.
    if (chunks_ < range_->chunks() && range_->state(chunks_) == ReservedRange::Chunk::kReady &&
        !range_->release(chunks_)) {
      return;
    }
    if (!range_->release(chunks_ - 1)) return;
    --chunks_;
    Extent& last = free_.back();
    last.pages -= kChunkPages;
  }
}

void PageHeap::add_free(Extent extent) noexcept {
  const auto after = std::lower_bound(free_.begin(), free_.end(), extent,
                                      [](const Extent& a, const Extent& b) { return a.first < b.first; });
  const bool joins_after = after != free_.end() && extent.end() == after->first;
  const bool joins_before = after != free_.begin() && std::prev(after)->end() == extent.first;
  if (joins_before) {
    Extent& before = *std::prev(after);
    before.pages += extent.pages;
    if (!joins_after) return;
    before.pages += after->pages;
    free_.erase(after);
  } else if (joins_after) {
    *after = {extent.first, extent.pages + after->pages};
  } else {
    LATCHKEY_ASSERT(free_.size() < free_.capacity());
    free_.insert(after, extent);
  }
}

std::size_t PageHeap::free_at_end() const noexcept {
  const bool any = !free_.empty() && free_.back().end() == chunks_ * kChunkPages;
  return any ? free_.back().pages : 0;
}

}  // namespace latchkey::runtime
