// The server's only include of liburing. Anything missing from liburing 2.3 (Debian 12) is defined here under
// #ifndef. What its shared library does not export is called by syscall(2).
#pragma once

#include <liburing.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

// Values of the kernel's include/uapi/linux/io_uring.h, which keeps them stable for user space.
#ifndef IORING_RECVSEND_BUNDLE
#define IORING_RECVSEND_BUNDLE (1U << 4)
#endif
#ifndef IORING_FEAT_RECVSEND_BUNDLE
#define IORING_FEAT_RECVSEND_BUNDLE (1U << 14)
#endif
#ifndef IORING_SETUP_NO_SQARRAY
#define IORING_SETUP_NO_SQARRAY (1U << 16)
#endif

namespace latchkey::runtime {

/// io_uring_register(2). Returns 0 or a positive count, or -errno.
inline int uring_register(int ring_fd, unsigned opcode, const void* argument, unsigned count) noexcept {
  const long result = ::syscall(__NR_io_uring_register, ring_fd, opcode, argument, count);
  return result < 0 ? -errno : static_cast<int>(result);
}

}  // namespace latchkey::runtime
