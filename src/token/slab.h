// Slab: items of one size in one reserved range of addresses. Items never move, and are named by a 32-bit
// number. Memory comes in chunks, ahead of need. A chunk goes back when it is wholly free and no core can be
// looking at it.
// Thread: the owner allocates; any core may read an item whose number it was given.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "latchkey/base/assert.h"
#include "latchkey/base/result.h"
#include "latchkey/runtime/page_source.h"
#include "latchkey/runtime/quiescence.h"

namespace latchkey::token {

/// Chunks whose size is a multiple of 2 MiB are requested as huge pages.
template <class Item, std::uint32_t kItems = 4096>
class Slab {
 public:
  static constexpr std::uint32_t kItemsPerChunk = kItems;
  static constexpr std::size_t kChunkBytes = kItemsPerChunk * sizeof(Item);
  /// Item 0 belongs to nobody and can always be read.
  static constexpr std::uint32_t kNone = 0;
  static constexpr std::size_t kMaxItems = std::size_t{1} << 31;

  /// Reserves room for `max_items`, at most kMaxItems.
  /// Lifetime: all arguments must outlive the slab.
  static Result<std::unique_ptr<Slab>> create(runtime::PageClient& pages, runtime::Quiescence& quiescence,
                                              runtime::CoreId core, std::size_t max_items) {
    LATCHKEY_ASSERT(max_items > 0 && max_items <= kMaxItems);
    const std::size_t chunks = max_items / kItemsPerChunk + 1;
    LATCHKEY_TRY(auto range, runtime::ReservedRange::reserve(pages, kChunkBytes, chunks));
    std::unique_ptr<Slab> slab(new Slab(std::move(range), quiescence, core));
    slab->allocate_any();  // item 0
    if (slab->chunks_.empty()) return failure(ErrorCode::kUnavailable, "no memory for the token table");
    return slab;
  }

  /// Requires: no core reads, and nothing that the slab retired still waits.
  ~Slab() = default;
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;

  /// Requires: `id` is 0 or was allocated at some time.
  /// Thread: any.
  Item& operator[](std::uint32_t id) const noexcept { return items_[id]; }

  /// Returns the lowest free number, or kNone if there is no memory or no more room. The item is as its last
  /// user left it.
  std::uint32_t allocate() {
    const std::uint32_t id = allocate_any();
    if (id != kNone) ++used_;
    return id;
  }

  void release(std::uint32_t id) noexcept {
    Chunk& chunk = *chunks_[id / kItemsPerChunk];
    std::uint64_t& word = chunk.used[id % kItemsPerChunk / 64];
    LATCHKEY_ASSERT((word >> (id % 64) & 1) != 0);
    word &= ~(std::uint64_t{1} << (id % 64));
    --used_;
    ++free_;
    ++chunk.free;
    set_open(chunk.number, true);
    // One chunk's worth stays free, so that a user at the edge of a chunk does not map it again and again.
    if (chunk.free == kItemsPerChunk && free_ >= std::size_t{2} * kItemsPerChunk) retire(chunk);
  }

  bool is_used(std::uint32_t id) const noexcept {
    const std::size_t number = id / kItemsPerChunk;
    return id != kNone && number < chunks_.size() && chunks_[number] != nullptr &&
           (chunks_[number]->used[id % kItemsPerChunk / 64] >> (id % 64) & 1) != 0;
  }
  /// All numbers in use are below this.
  std::uint32_t end() const noexcept { return static_cast<std::uint32_t>(chunks_.size()) * kItemsPerChunk; }
  std::size_t used() const noexcept { return used_; }
  std::size_t bytes() const noexcept { return range_->ready_bytes(); }

 private:
  static constexpr std::size_t kNoChunk = static_cast<std::size_t>(-1);

  struct Chunk {
    Chunk(Slab& owner, std::size_t index) : slab(owner), number(index) {}
    Slab& slab;
    const std::size_t number;
    std::uint32_t free = kItemsPerChunk;
    std::uint32_t made = 0;  // items, from the front; the lowest free one is taken, so none is skipped
    enum class Use : std::uint8_t { kClosed, kOpen, kRetired } use = Use::kClosed;
    std::array<std::uint64_t, kItemsPerChunk / 64> used{};
  };

  Slab(std::unique_ptr<runtime::ReservedRange> range, runtime::Quiescence& quiescence, runtime::CoreId core)
      : range_(std::move(range)),
        quiescence_(quiescence),
        core_(core),
        items_(reinterpret_cast<Item*>(range_->base())) {}

  std::uint32_t allocate_any() {
    const std::size_t number = find_open();
    if (number == kNoChunk) return kNone;
    Chunk& chunk = *chunks_[number];
    std::size_t word = 0;
    while (chunk.used[word] == ~std::uint64_t{0}) ++word;
    const int bit = std::countr_one(chunk.used[word]);
    chunk.used[word] |= std::uint64_t{1} << bit;
    --free_;
    if (--chunk.free == 0) set_open(number, false);
    order_ahead();
    const auto place = static_cast<std::uint32_t>(word * 64) + static_cast<std::uint32_t>(bit);
    const auto id = static_cast<std::uint32_t>(number) * kItemsPerChunk + place;
    if (place == chunk.made) {
      // Constructed only once. A chunk that comes back is all zeros, as a new item is, and a late reader may
      // still look at it.
      ::new (&items_[id]) Item;
      ++chunk.made;
    }
    return id;
  }

  void set_open(std::size_t number, bool open) noexcept {
    const std::uint64_t bit = std::uint64_t{1} << (number % 64);
    if (open) {
      open_[number / 64] |= bit;
      first_open_ = std::min(first_open_, number / 64);
    } else {
      open_[number / 64] &= ~bit;
    }
  }

  /// Finds the lowest chunk with a free item, so that the higher ones empty and go back.
  std::size_t find_open() {
    for (; first_open_ < open_.size(); ++first_open_) {
      const std::uint64_t word = open_[first_open_];
      if (word != 0) return first_open_ * 64 + static_cast<std::size_t>(std::countr_zero(word));
    }
    const std::size_t number = ahead_ != kNoChunk ? std::exchange(ahead_, kNoChunk) : find_closed();
    if (number == kNoChunk || !range_->make_ready(number)) return kNoChunk;
    open(number);
    return number;
  }

  std::size_t find_closed() const noexcept {
    for (std::size_t number = 0; number < range_->chunks(); ++number) {
      const bool closed = number >= chunks_.size() || chunks_[number] == nullptr ||
                          chunks_[number]->use == Chunk::Use::kClosed;
      if (closed && range_->state(number) != runtime::ReservedRange::Chunk::kReleasing) return number;
    }
    return kNoChunk;
  }

  void open(std::size_t number) {
    if (number >= chunks_.size()) chunks_.resize(number + 1);
    if (number / 64 >= open_.size()) open_.resize(number / 64 + 1);
    if (chunks_[number] == nullptr) chunks_[number] = std::make_unique<Chunk>(*this, number);
    chunks_[number]->use = Chunk::Use::kOpen;
    free_ += kItemsPerChunk;
    set_open(number, true);
  }

  void order_ahead() {
    if (free_ >= kItemsPerChunk / 2 || ahead_ != kNoChunk) return;
    ahead_ = find_closed();
    if (ahead_ != kNoChunk) range_->order(ahead_);
  }

  void retire(Chunk& chunk) noexcept {
    if (!quiescence_.has_room(core_, 1)) return;
    chunk.use = Chunk::Use::kRetired;
    free_ -= kItemsPerChunk;
    set_open(chunk.number, false);
    quiescence_.retire(core_, give_back, nullptr, &chunk, 0);
  }

  static void give_back(void*, void* object, std::size_t) noexcept {
    Chunk& chunk = *static_cast<Chunk*>(object);
    if (chunk.slab.range_->release(chunk.number)) {
      chunk.use = Chunk::Use::kClosed;
    } else {
      chunk.slab.open(chunk.number);
    }
  }

  const std::unique_ptr<runtime::ReservedRange> range_;
  runtime::Quiescence& quiescence_;
  const runtime::CoreId core_;
  Item* const items_;
  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::vector<std::uint64_t> open_;  // one bit per chunk: open, and has a free item
  std::size_t first_open_ = 0;       // no word before this one has a bit set
  std::size_t free_ = 0;             // in open chunks
  std::size_t used_ = 0;
  std::size_t ahead_ = kNoChunk;
};

}  // namespace latchkey::token
