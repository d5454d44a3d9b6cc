// The operations that a core's ring may use, and its capacity. These constants are in one place because the
// floor (bench/floor), which a core is measured against, must use the same ones.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "latchkey/runtime/uring.h"

namespace latchkey::server {

/// The kernel refuses every other operation.
inline constexpr std::array<std::uint8_t, 6> kCoreOperations = {IORING_OP_ACCEPT,       IORING_OP_RECV,
                                                                IORING_OP_SEND,         IORING_OP_CLOSE,
                                                                IORING_OP_ASYNC_CANCEL, IORING_OP_MSG_RING};
/// Those of the core that serves the administrator, who passes it files (SCM_RIGHTS).
inline constexpr std::array<std::uint8_t, 7> kAdminCoreOperations = {
    IORING_OP_ACCEPT, IORING_OP_RECV,         IORING_OP_RECVMSG, IORING_OP_SEND,
    IORING_OP_CLOSE,  IORING_OP_ASYNC_CANCEL, IORING_OP_MSG_RING};
inline constexpr unsigned kSubmissionEntries = 1024;
inline constexpr unsigned kCompletionEntries = 8192;

/// Enough for 1,024 requests at once; further receives wait in line. Most requests fit one buffer.
inline constexpr unsigned kBuffers = 1024;
inline constexpr std::size_t kBufferBytes = 4096;

}  // namespace latchkey::server
