#include "latchkey/runtime/page_source.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <string>

#include "latchkey/base/assert.h"
#include "latchkey/base/named_thread.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23  // since Linux 5.14
#endif

namespace latchkey::runtime {

namespace {

// How much one call does, to bound the time that it holds the memory-map lock. Freeing 128 MiB at once takes
// 8 ms.
constexpr std::size_t kStepBytes = std::size_t{2} << 20;

constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;

std::size_t page_bytes() noexcept {
  static const auto bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

std::size_t round_up(std::size_t bytes, std::size_t unit) noexcept {
  return (bytes + unit - 1) / unit * unit;
}

template <class Step>
void in_steps(PageBlock block, Step step) noexcept {
  for (std::size_t at = 0; at < block.bytes; at += kStepBytes) {
    step(block.data + at, std::min(kStepBytes, block.bytes - at));
  }
}

// If populating fails, the first touch of a page faults it in: later than wanted, but correct.
void populate_pages(PageBlock block) noexcept {
  in_steps(block, [](std::byte* data, std::size_t bytes) { madvise(data, bytes, MADV_POPULATE_WRITE); });
}

bool populate_reserved(PageBlock block) noexcept {
  if (mprotect(block.data, block.bytes, PROT_READ | PROT_WRITE) != 0) return false;
  populate_pages(block);
  return true;
}

void release_reserved(PageBlock block) noexcept {
  in_steps(block, [](std::byte* data, std::size_t bytes) { madvise(data, bytes, MADV_DONTNEED); });
}

void carry_out(detail::PageOrder& order) noexcept {
  using Kind = detail::PageOrder::Kind;
  switch (order.kind) {
    case Kind::kPopulate:
      order.done = populate_reserved(order.block);
      break;
    case Kind::kRelease:
      release_reserved(order.block);
      break;
  }
}

}  // namespace

bool PageClient::send(const Order& order) noexcept {
  // An answer always finds room: there are never more orders out than the queue of answers holds.
  if (unanswered_ == kMaxOrders || !orders_.push(order)) return false;
  ++unanswered_;
  source_.ring();
  return true;
}

void PageClient::poll() {
  Order answer;
  while (answers_.pop(answer)) {
    --unanswered_;
    answer.range->answered(answer);
  }
}

void PageClient::settle() {
  while (true) {
    poll();
    if (unanswered_ == 0) return;
    std::this_thread::yield();
  }
}

bool PageClient::answer_orders() noexcept {
  bool any = false;
  Order order;
  while (orders_.pop(order)) {
    any = true;
    carry_out(order);
    const bool pushed = answers_.push(order);
    LATCHKEY_ASSERT(pushed);
  }
  return any;
}

Result<std::unique_ptr<ReservedRange>> ReservedRange::reserve(PageClient& client, std::size_t chunk_bytes,
                                                              std::size_t chunks) {
  LATCHKEY_ASSERT(chunk_bytes % page_bytes() == 0 && chunks > 0);
  // The kernel gives a huge page only to an aligned range that lies wholly in one mapping.
  const bool huge = chunk_bytes % kHugePageBytes == 0;
  const std::size_t slack = huge ? kHugePageBytes - page_bytes() : 0;
  const std::size_t bytes = chunk_bytes * chunks;
  void* const mapped =
      mmap(nullptr, bytes + slack, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) {
    return failure(ErrorCode::kUnavailable,
                   "cannot reserve " + std::to_string(bytes >> 20) + " MiB of addresses: " +
                       std::strerror(errno) + "; raise the limit of address space or lower the most tokens");
  }
  auto* base = static_cast<std::byte*>(mapped);
  if (huge) {
    base +=
        round_up(std::bit_cast<std::uintptr_t>(base), kHugePageBytes) - std::bit_cast<std::uintptr_t>(base);
    // If the kernel has no huge pages, small ones will do.
    madvise(base, bytes, MADV_HUGEPAGE);
  }
  const PageBlock mapping{static_cast<std::byte*>(mapped), bytes + slack};
  return std::unique_ptr<ReservedRange>(new ReservedRange(client, mapping, base, chunk_bytes, chunks));
}

ReservedRange::~ReservedRange() {
  client_.settle();
  munmap(mapping_.data, mapping_.bytes);
}

void ReservedRange::order(std::size_t chunk) {
  if (states_[chunk] != Chunk::kEmpty || client_.source_.mode() == PageSource::Mode::kInPlace) return;
  using Order = detail::PageOrder;
  if (client_.send({.kind = Order::Kind::kPopulate, .range = this, .block = block_of(chunk)})) {
    states_[chunk] = Chunk::kOrdered;
  }
}

bool ReservedRange::make_ready(std::size_t chunk) {
  client_.poll();
  if (states_[chunk] == Chunk::kReady) return true;
  LATCHKEY_ASSERT(states_[chunk] != Chunk::kReleasing);
  ++client_.done_here_;
  if (!populate_reserved(block_of(chunk))) return false;
  became_ready(chunk);
  return true;
}

bool ReservedRange::release(std::size_t chunk) noexcept {
  LATCHKEY_ASSERT(states_[chunk] == Chunk::kReady);
  using Order = detail::PageOrder;
  if (client_.source_.mode() == PageSource::Mode::kInPlace) {
    release_reserved(block_of(chunk));
    states_[chunk] = Chunk::kEmpty;
  } else if (client_.send({.kind = Order::Kind::kRelease, .range = this, .block = block_of(chunk)})) {
    states_[chunk] = Chunk::kReleasing;
  } else {
    return false;
  }
  --ready_chunks_;
  return true;
}

void ReservedRange::answered(const detail::PageOrder& order) noexcept {
  const auto chunk = static_cast<std::size_t>(order.block.data - base_) / chunk_bytes_;
  if (order.kind == detail::PageOrder::Kind::kRelease) {
    LATCHKEY_ASSERT(states_[chunk] == Chunk::kReleasing);
    states_[chunk] = Chunk::kEmpty;
  } else if (states_[chunk] == Chunk::kOrdered) {
    // In any other state this thread was faster, and the answer is stale.
    if (order.done) {
      became_ready(chunk);
    } else {
      states_[chunk] = Chunk::kEmpty;
    }
  }
}

void ReservedRange::became_ready(std::size_t chunk) noexcept {
  states_[chunk] = Chunk::kReady;
  ++ready_chunks_;
}

PageSource::PageSource(std::size_t clients, Mode mode) : mode_(mode) {
  for (std::size_t i = 0; i < clients; ++i) clients_.push_back(std::make_unique<PageClient>(*this));
  if (mode == Mode::kThread) {
    helper_ = background_thread("latchkey-pages", [this] { serve(); });
  }
}

PageSource::~PageSource() {
  if (!helper_.joinable()) return;
  stopping_.store(true, std::memory_order_release);
  ring();
  helper_.join();
}

void PageSource::ring() noexcept {
  bell_.fetch_add(1, std::memory_order_release);
  bell_.notify_one();
}

void PageSource::serve() noexcept {
  while (true) {
    // Read before the queues: anything pushed after this look has changed the bell, and the wait returns.
    const std::uint32_t heard = bell_.load(std::memory_order_acquire);
    const bool stopping = stopping_.load(std::memory_order_acquire);
    bool worked = false;
    for (const auto& client : clients_) worked = client->answer_orders() || worked;
    if (worked) continue;
    if (stopping) return;
    bell_.wait(heard, std::memory_order_acquire);
  }
}

}  // namespace latchkey::runtime
