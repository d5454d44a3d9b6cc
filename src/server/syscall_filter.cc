#include "latchkey/server/syscall_filter.h"

#include <fmt/format.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace latchkey::server {

namespace {

// By name, as not every architecture and library has all of them.
constexpr const char* kAllowed[] = {
    // Rings, and threads that wait.
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "futex",
    "futex_waitv",
    "sched_yield",
    "nanosleep",
    "clock_nanosleep",
    "restart_syscall",
    "poll",
    "ppoll",
    // Threads' beginnings and ends, their class and their signals.
    "set_robust_list",
    "get_robust_list",
    "rseq",
    "exit",
    "exit_group",
    "gettid",
    "getpid",
    "tgkill",
    "sched_setscheduler",
    "sched_getscheduler",
    "sched_getparam",
    "sched_setattr",
    "sched_getattr",
    "sched_getaffinity",
    "sched_get_priority_max",
    "sched_get_priority_min",
    "membarrier",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sigaltstack",
    "signalfd4",
    // Memory.
    "munmap",
    "mremap",
    "madvise",
    "brk",
    "mlock",
    "mlock2",
    "munlock",
    // Time, randomness, and what the process is.
    "clock_gettime",
    "clock_getres",
    "gettimeofday",
    "time",
    "getrandom",
    "getcpu",
    "getrusage",
    "prlimit64",
    "getrlimit",
    "sysinfo",
    "uname",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    // The data directory's files, and descriptors.
    "openat",
    "open",
    "close",
    "read",
    "pread64",
    "readv",
    "preadv",
    "write",
    "pwrite64",
    "writev",
    "pwritev",
    "lseek",
    "fstat",
    "stat",
    "lstat",
    "newfstatat",
    "statx",
    "access",
    "faccessat",
    "faccessat2",
    "readlink",
    "readlinkat",
    "getcwd",
    "getdents64",
    "fsync",
    "fdatasync",
    "ftruncate",
    "fallocate",
    "flock",
    "fcntl",
    "unlink",
    "unlinkat",
    "fchmod",
    "fchown",
    "umask",
    "dup",
    "pipe2",
    "eventfd2",
    "mkdir",
    // Sockets that are open, and the service manager's.
    "accept4",
    "shutdown",
    "getsockname",
    "getpeername",
    "setsockopt",
    "getsockopt",
    "sendto",
    "sendmsg",
    "recvfrom",
    "recvmsg",
    "connect",
};

struct ReleaseFilter {
  void operator()(void* filter) const noexcept { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, ReleaseFilter>;

Result<void> refused(int error) {
  return failure(
      ErrorCode::kUnavailable,
      fmt::format("the kernel refused the filter of system calls: {}; `sandbox = false` starts without it",
                  std::strerror(-error)));
}

int allow(const Filter& filter, const char* name) {
  const int number = seccomp_syscall_resolve_name(name);
  if (number == __NR_SCMP_ERROR) return 0;
  return seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, number, 0);
}

int allow_where(const Filter& filter, const char* name, const scmp_arg_cmp& argument) {
  const int number = seccomp_syscall_resolve_name(name);
  if (number == __NR_SCMP_ERROR) return 0;
  return seccomp_rule_add_array(filter.get(), SCMP_ACT_ALLOW, number, 1, &argument);
}

int add_rules(const Filter& filter) {
  for (const char* const name : kAllowed) {
    if (const int error = allow(filter, name); error != 0) return error;
  }
  constexpr unsigned kFlagsOfClone = 0;
  constexpr unsigned kFirst = 0;
  constexpr unsigned kSecond = 1;
  constexpr unsigned kThird = 2;
  // Threads and no processes. The arguments of clone3 lie in memory, where a filter cannot look: the C
  // library falls back to clone.
  if (int error = seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0); error != 0)
    return error;
  const std::pair<const char*, scmp_arg_cmp> limited[] = {
      {"clone", {kFlagsOfClone, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD}},
      // No memory that can be written becomes code.
      {"mmap", {kThird, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}},
      {"mprotect", {kThird, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}},
      {"socket", {kFirst, SCMP_CMP_EQ, AF_UNIX, 0}},
      {"prctl", {kFirst, SCMP_CMP_EQ, PR_SET_NAME, 0}},
      {"ioctl", {kSecond, SCMP_CMP_EQ, TCGETS, 0}},
  };
  for (const auto& [name, argument] : limited) {
    if (const int error = allow_where(filter, name, argument); error != 0) return error;
  }
  return 0;
}

}  // namespace

Result<void> filter_system_calls() {
  const Filter filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  if (!filter) return refused(-ENOMEM);
  int error = add_rules(filter);
  if (error == 0) error = seccomp_load(filter.get());
  return error == 0 ? Result<void>() : refused(error);
}

}  // namespace latchkey::server
