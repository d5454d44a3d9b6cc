// What a core's ring may do, and how much it holds. In one place, so that the floor (bench/floor), which a
// core is measured against, has the same. Constants; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "latchkey/runtime/uring.h"

namespace latchkey::server {

/// The kernel refuses it anything else.
inline constexpr std::array<std::uint8_t, 6> kCoreOperations = {IORING_OP_ACCEPT,       IORING_OP_RECV,
                                                                IORING_OP_SEND,         IORING_OP_CLOSE,
                                                                IORING_OP_ASYNC_CANCEL, IORING_OP_MSG_RING};
inline constexpr unsigned kSubmissionEntries = 1024;
inline constexpr unsigned kCompletionEntries = 8192;

/// 1,024 requests at once before receives wait in line; most requests fit one buffer.
inline constexpr unsigned kBuffers = 1024;
inline constexpr std::size_t kBufferBytes = 4096;

}  // namespace latchkey::server
