#include "token/index.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <memory>

#include "latchkey/base/assert.h"

namespace latchkey::token {

namespace {

constexpr std::uint32_t kMinSegments = 16;
constexpr std::uint32_t kMaxSegments = 512;

// How full an array may become if there is no memory for a larger one.
constexpr double kFullestOfAll = 0.96;
constexpr std::size_t kShrinkBelow = 4;  // one live cell in four

std::size_t limit(std::size_t capacity, double fill) noexcept {
  return static_cast<std::size_t>(static_cast<double>(capacity) * fill);
}

}  // namespace

std::uint32_t Index::segments_for(std::uint32_t shards) noexcept {
  return std::clamp(std::bit_ceil(kSegmentsInAll / std::max(shards, 1U)), kMinSegments, kMaxSegments);
}

Index::View::View(runtime::PageBlock block) noexcept
    : word_(static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(block.data) / kUnitBytes)
                << kUnitBits |
            block.bytes / kUnitBytes) {
  LATCHKEY_ASSERT(cells() == reinterpret_cast<Cell*>(block.data) && units() * kUnitBytes == block.bytes);
}

Index::Index(runtime::PageHeap& heap, runtime::Quiescence& quiescence, runtime::CoreId core,
             std::uint32_t segments, IndexShape shape)
    : heap_(heap),
      quiescence_(quiescence),
      core_(core),
      shape_(shape),
      segment_mask_(segments - 1),
      segments_(std::make_unique<std::atomic<std::uint64_t>[]>(segments)),
      counts_(segments) {
  LATCHKEY_ASSERT(std::has_single_bit(segments));
}

Result<std::unique_ptr<Index>> Index::create(runtime::PageHeap& heap, runtime::Quiescence& quiescence,
                                             runtime::CoreId core, std::uint32_t segments, IndexShape shape) {
  std::unique_ptr<Index> index(new Index(heap, quiescence, core, segments, shape));
  for (std::size_t segment = 0; segment < segments; ++segment) {
    if (!index->rebuild(segment, index->units_for(segment, 0))) {
      return failure(ErrorCode::kUnavailable, "no memory for the token table's index");
    }
  }
  return index;
}

Index::~Index() {
  for (std::size_t segment = 0; segment <= segment_mask_; ++segment) {
    const View view(segments_[segment].load(std::memory_order_relaxed));
    if (view.word() != 0) heap_.give_back(view.block());
  }
}

bool Index::insert(std::uint64_t hash, std::uint32_t value) {
  LATCHKEY_ASSERT(value != kNone && value != kMark);
  const std::size_t segment = hash & segment_mask_;
  Count& count = counts_[segment];
  View view(segments_[segment].load(std::memory_order_relaxed));
  if (count.used >= limit(view.capacity(), shape_.fullest)) {
    const bool rebuilt = rebuild(segment, units_for(segment, count.live + 1));
    if (!rebuilt && count.used >= limit(view.capacity(), kFullestOfAll)) return false;
    view = View(segments_[segment].load(std::memory_order_relaxed));
  }
  put(view, hash >> 32 << 32 | value, std::memory_order_release);
  ++count.used;
  ++count.live;
  ++size_;
  return true;
}

/// Finds the cell with this hash and value.
/// Requires: it is there.
Index::Cell& Index::cell_of(View view, std::uint64_t hash, std::uint32_t value) noexcept {
  const std::uint64_t wanted = hash >> 32 << 32 | value;
  std::size_t at = home(fingerprint(hash), view.capacity());
  while (true) {
    const std::uint64_t cell = view.cells()[at].load(std::memory_order_relaxed);
    LATCHKEY_ASSERT(cell != 0);
    if (cell == wanted) return view.cells()[at];
    if (++at == view.capacity()) at = 0;
  }
}

void Index::replace(std::uint64_t hash, std::uint32_t old, std::uint32_t value) noexcept {
  LATCHKEY_ASSERT(value != kNone && value != kMark);
  const View view(segments_[hash & segment_mask_].load(std::memory_order_relaxed));
  cell_of(view, hash, old).store(hash >> 32 << 32 | value, std::memory_order_release);
}

void Index::erase(std::uint64_t hash, std::uint32_t value) {
  const std::size_t segment = hash & segment_mask_;
  const View view(segments_[segment].load(std::memory_order_relaxed));
  cell_of(view, hash, value).store(hash >> 32 << 32 | kMark, std::memory_order_release);
  Count& count = counts_[segment];
  --count.live;
  --size_;
  if (count.live >= view.capacity() / kShrinkBelow) return;
  const std::size_t units = units_for(segment, count.live);
  if (units < view.units()) rebuild(segment, units);
}

void Index::put(View view, std::uint64_t cell, std::memory_order order) noexcept {
  std::size_t at = home(static_cast<std::uint32_t>(cell >> 32), view.capacity());
  while (view.cells()[at].load(std::memory_order_relaxed) != 0) {
    if (++at == view.capacity()) at = 0;
  }
  view.cells()[at].store(cell, order);
}

/// The smallest size in this segment's series that holds `live` cells with room to grow. Each segment has
/// sizes between those of the others, so that they do not all grow at once.
std::size_t Index::units_for(std::size_t segment, std::size_t live) const noexcept {
  // A little above what one step of growth leaves; otherwise rounding would make it two steps.
  const double fill = 1.02 * shape_.fullest / shape_.growth;
  const double needed = static_cast<double>(live) / fill / static_cast<double>(kCellsPerUnit);
  double size =
      std::pow(shape_.growth, static_cast<double>(segment) / static_cast<double>(segment_mask_ + 1));
  while (std::floor(size) < needed) size *= shape_.growth;
  return static_cast<std::size_t>(size);
}

/// Gives the segment a new array without marks. Returns false if there is no memory or no room to retire the
/// old array.
bool Index::rebuild(std::size_t segment, std::size_t units) {
  if (!quiescence_.has_room(core_, 1)) return false;
  const runtime::PageBlock block = heap_.take(units * kUnitBytes);
  if (block.data == nullptr) return false;
  const View old(segments_[segment].load(std::memory_order_relaxed));
  const View view(block);
  std::uninitialized_value_construct_n(view.cells(), view.capacity());
  for (std::size_t at = 0; at < old.capacity(); ++at) {
    const std::uint64_t cell = old.cells()[at].load(std::memory_order_relaxed);
    if (cell != 0 && static_cast<std::uint32_t>(cell) != kMark) put(view, cell, std::memory_order_relaxed);
  }
  segments_[segment].store(view.word(), std::memory_order_release);
  counts_[segment].used = counts_[segment].live;
  bytes_ += view.block().bytes;
  if (old.word() == 0) return true;
  bytes_ -= old.block().bytes;
  quiescence_.retire(core_, give_back, &heap_, old.block().data, old.block().bytes);
  return true;
}

void Index::give_back(void* heap, void* data, std::size_t bytes) noexcept {
  static_cast<runtime::PageHeap*>(heap)->give_back({static_cast<std::byte*>(data), bytes});
}

}  // namespace latchkey::token
