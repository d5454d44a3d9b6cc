// Memory for coroutine frames: free lists by size, one set a thread, so that starting a task on a warm core
// costs no allocation. A frame is freed by the thread that made it, which holds because tasks never change
// threads. Under AddressSanitizer every frame comes from the heap, so that a stale use is seen.
#pragma once

#include <cstddef>

namespace latchkey::runtime {

void* allocate_frame(std::size_t size);
void free_frame(void* frame, std::size_t size) noexcept;

}  // namespace latchkey::runtime
