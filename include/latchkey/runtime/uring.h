// The one way to liburing. What liburing 2.3 (Debian 12) lacks is defined here under #ifndef, and what its
// shared library does not export is called by syscall(2).
#pragma once

#include <liburing.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

// Values of the kernel's include/uapi/linux/io_uring.h, stable by its rule for user space.
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

/// io_uring_register(2); 0 or a positive count, or -errno.
inline int uring_register(int ring_fd, unsigned opcode, const void* argument, unsigned count) noexcept {
  const long result = ::syscall(__NR_io_uring_register, ring_fd, opcode, argument, count);
  return result < 0 ? -errno : static_cast<int>(result);
}

}  // namespace latchkey::runtime
