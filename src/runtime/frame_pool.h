// Memory for coroutine frames: free lists by size, one set per thread. Starting a task on a warm core thus
// costs no allocation. The thread that made a frame must free it, which holds because tasks never change
// threads. Under AddressSanitizer every frame comes from the heap, so that stale uses are found.
#pragma once

#include <cstddef>

namespace latchkey::runtime {

void* allocate_frame(std::size_t size);
void free_frame(void* frame, std::size_t size) noexcept;

}  // namespace latchkey::runtime
