#include "runtime/frame_pool.h"

#include <array>
#include <cstdint>
#include <new>

#include "latchkey/base/sanitized.h"

namespace latchkey::runtime {

namespace {

constexpr std::size_t kClassBytes = 128;
constexpr std::size_t kClasses = 32;  // frames up to 4 KiB are kept; larger ones come from the heap
constexpr std::uint32_t kMaxKeptPerClass = 4096;  // a burst may take more, but only this many are kept

struct FreeFrame {
  FreeFrame* next;
};

struct FreeList {
  FreeFrame* first = nullptr;
  std::uint32_t count = 0;
};

struct Pool {
  std::array<FreeList, kClasses> lists{};
  ~Pool() {
    for (FreeList& list : lists) {
      while (list.first != nullptr) {
        FreeFrame* const frame = list.first;
        list.first = frame->next;
        ::operator delete(frame);
      }
    }
  }
};

thread_local Pool pool;

// AddressSanitizer must see that a frame was freed.
constexpr bool kPooled = !kAddressSanitized;

// Class 0 holds frames up to kClassBytes, and so on.
constexpr std::size_t class_of(std::size_t size) noexcept { return (size - 1) / kClassBytes; }

}  // namespace

void* allocate_frame(std::size_t size) {
  const std::size_t index = class_of(size);
  if (!kPooled || index >= kClasses) return ::operator new(size);
  FreeList& list = pool.lists[index];
  if (list.first == nullptr) return ::operator new((index + 1) * kClassBytes);
  FreeFrame* const frame = list.first;
  list.first = frame->next;
  --list.count;
  return frame;
}

void free_frame(void* frame, std::size_t size) noexcept {
  const std::size_t index = class_of(size);
  if (!kPooled || index >= kClasses) {
    ::operator delete(frame);
    return;
  }
  FreeList& list = pool.lists[index];
  if (list.count == kMaxKeptPerClass) {
    ::operator delete(frame);
    return;
  }
  list.first = ::new (frame) FreeFrame{list.first};
  ++list.count;
}

}  // namespace latchkey::runtime
