#include "latchkey/runtime/buffer_ring.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstring>

#include "latchkey/base/assert.h"

namespace latchkey::runtime {

namespace {

constexpr std::size_t kPageBytes = 4096;

std::size_t whole_pages(std::size_t bytes) noexcept {
  return (bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
}

}  // namespace

Result<std::unique_ptr<BufferRing>> BufferRing::create(Ring& ring, unsigned entries,
                                                       std::size_t buffer_bytes) {
  LATCHKEY_ASSERT(entries > 0 && entries <= 32768 && (entries & (entries - 1)) == 0);
  std::unique_ptr<BufferRing> buffers(new BufferRing(entries, buffer_bytes));
  const std::size_t ring_bytes = whole_pages(entries * sizeof(io_uring_buf));
  const std::size_t total_bytes = ring_bytes + whole_pages(entries * buffer_bytes);
  // MAP_POPULATE: a core thread never takes a page fault for a buffer.
  void* const memory =
      ::mmap(nullptr, total_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) {
    return failure(ErrorCode::kUnavailable, fmt::format("no memory for {} receive buffers of {} bytes: {}",
                                                        entries, buffer_bytes, std::strerror(errno)));
  }
  buffers->mapped_bytes_ = total_bytes;
  buffers->ring_ = static_cast<io_uring_buf_ring*>(memory);
  buffers->memory_ = static_cast<char*>(memory) + ring_bytes;
  io_uring_buf_ring_init(buffers->ring_);
  for (unsigned id = 0; id < entries; ++id) buffers->hand_to_kernel(static_cast<std::uint16_t>(id));
  LATCHKEY_TRY(ring.register_buffers(buffers->ring_, entries, kGroup));
  return buffers;
}

BufferRing::~BufferRing() {
  LATCHKEY_ASSERT(first_waiter_ == nullptr && on_loan_ == 0);
  if (ring_ != nullptr) ::munmap(ring_, mapped_bytes_);
}

Chunk BufferRing::take(std::uint32_t completion_flags, std::size_t received) noexcept {
  LATCHKEY_ASSERT((completion_flags & IORING_CQE_F_BUFFER) != 0);
  const auto id = static_cast<std::uint16_t>(completion_flags >> IORING_CQE_BUFFER_SHIFT);
  LATCHKEY_ASSERT(id < entries_ && received <= buffer_bytes_ && on_loan_ < entries_);
  ++on_loan_;
  return Chunk(*this, id, std::span<char>(buffer(id), received));
}

std::string_view BufferRing::peek(std::uint32_t completion_flags, std::int32_t result) const noexcept {
  if ((completion_flags & IORING_CQE_F_BUFFER) == 0 || result <= 0) return {};
  const auto id = static_cast<std::uint16_t>(completion_flags >> IORING_CQE_BUFFER_SHIFT);
  return {buffer(id), static_cast<std::size_t>(result)};
}

void BufferRing::hand_to_kernel(std::uint16_t id) noexcept {
  io_uring_buf_ring_add(ring_, buffer(id), static_cast<unsigned>(buffer_bytes_), id,
                        io_uring_buf_ring_mask(entries_), 0);
  io_uring_buf_ring_advance(ring_, 1);
}

void BufferRing::give_back(std::uint16_t id) noexcept {
  --on_loan_;
  hand_to_kernel(id);
  pass_on();
}

void BufferRing::pass_on() noexcept {
  // Bounded by the number of waiters: each leaves the queue, and none joins meanwhile.
  while (first_waiter_ != nullptr && has_buffer()) {
    BufferWaiter& waiter = *first_waiter_;
    stop_waiting(waiter);
    if (waiter.buffer_is_back()) return;
  }
}

void BufferRing::wait_for_buffer(BufferWaiter& waiter) noexcept {
  LATCHKEY_ASSERT(!waiter.waiting_);
  waiter.waiting_ = true;
  waiter.previous_ = last_waiter_;
  (last_waiter_ == nullptr ? first_waiter_ : last_waiter_->next_) = &waiter;
  last_waiter_ = &waiter;
}

void BufferRing::stop_waiting(BufferWaiter& waiter) noexcept {
  if (!waiter.waiting_) return;
  (waiter.previous_ == nullptr ? first_waiter_ : waiter.previous_->next_) = waiter.next_;
  (waiter.next_ == nullptr ? last_waiter_ : waiter.next_->previous_) = waiter.previous_;
  waiter.previous_ = nullptr;
  waiter.next_ = nullptr;
  waiter.waiting_ = false;
}

}  // namespace latchkey::runtime
