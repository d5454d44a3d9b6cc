#include "server/syscall_filter.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/io_uring.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "server/refused_call.h"

namespace latchkey::server {

namespace {

// By name, because not every architecture and library has all of them.
constexpr const char* kAllowed[] = {
    // Rings, and threads that wait.
    "io_uring_enter",
    "futex",
    "sched_yield",
    "nanosleep",
    "clock_nanosleep",
    "restart_syscall",
    "poll",
    "ppoll",
    // The start and end of threads, and their signals.
    "set_robust_list",
    "rseq",
    "exit",
    "exit_group",
    "gettid",
    "getpid",
    "rt_sigprocmask",
    "rt_sigreturn",
    // Memory.
    "munmap",
    "mremap",
    "madvise",
    "brk",
    "mlock",
    "mlock2",
    "munlock",
    // Time, randomness, and identity.
    "clock_gettime",
    "clock_getres",
    "gettimeofday",
    "time",
    "getrandom",
    "getcpu",
    "getrusage",
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
    "unlink",
    "unlinkat",
    "fchmod",
    "fchown",
    // Information about open sockets.
    "getsockname",
    "getpeername",
    "getsockopt",
};

// The flags with which the C library makes a thread. They allow no process, no namespace and no tracer.
constexpr scmp_datum_t kThread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
constexpr scmp_datum_t kNoThread = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                   CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_PTRACE | CLONE_VFORK |
                                   CLONE_PARENT;

constexpr scmp_datum_t kCancelSignal = 32;
constexpr scmp_datum_t kSetUserSignal = 33;

struct ReleaseFilter {
  void operator()(void* filter) const noexcept { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, ReleaseFilter>;

struct Limited {
  const char* name;
  std::vector<scmp_arg_cmp> arguments;  ///< all must hold
};

Result<void> refused(int error) {
  return failure(
      ErrorCode::kUnavailable,
      fmt::format("the kernel refused the filter of system calls: {}; `sandbox = false` starts without it",
                  std::strerror(-error)));
}

scmp_arg_cmp equals(unsigned argument, scmp_datum_t value) { return {argument, SCMP_CMP_EQ, value, 0}; }
scmp_arg_cmp has_bits(unsigned argument, scmp_datum_t mask, scmp_datum_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}

/// What is allowed only with certain arguments. A filter sees numbers and addresses, not what they point to.
std::vector<Limited> limited_calls() {
  const auto self = static_cast<scmp_datum_t>(::getpid());
  std::vector<Limited> calls = {
      // The thread that owns an existing ring enables it. No other ring is registered or made.
      {"io_uring_register", {equals(1, IORING_REGISTER_ENABLE_RINGS)}},
      {"clone", {has_bits(0, kThread | kNoThread, kThread)}},
      // Writable memory never becomes code.
      {"mmap", {has_bits(2, PROT_EXEC, 0)}},
      {"mprotect", {has_bits(2, PROT_EXEC, 0)}},
      // The C library's own signals, whose handlers it sets with its first thread. No other handler is set.
      {"rt_sigaction", {equals(0, kCancelSignal)}},
      {"rt_sigaction", {equals(0, kSetUserSignal)}},
      // How an assertion ends the process.
      {"tgkill", {equals(0, self)}},
      // A thread sets only its own scheduling class; limits are read, never set.
      {"sched_setscheduler", {equals(0, 0)}},
      {"sched_getaffinity", {equals(0, 0)}},
      {"prlimit64", {equals(0, 0), equals(2, 0)}},
      // The ring shuts down receiving. A listener that was shut down could be connected (TCP Fast Open).
      {"shutdown", {equals(1, SHUT_WR)}},
      {"prctl", {equals(0, PR_SET_NAME)}},
      {"prctl", {equals(0, PR_GET_NAME)}},
      {"ioctl", {equals(1, TCGETS)}},
  };
  // SQLite's locks. No command here sets an owner for a descriptor's signals or duplicates a socket.
  for (const int command : {F_GETFD, F_SETFD, F_GETFL, F_GETLK, F_SETLK, F_SETLKW}) {
    calls.push_back({"fcntl", {equals(1, static_cast<scmp_datum_t>(command))}});
  }
  return calls;
}

int add(const Filter& filter, std::uint32_t action, const char* name,
        const std::vector<scmp_arg_cmp>& arguments = {}) {
  const int number = seccomp_syscall_resolve_name(name);
  if (number == __NR_SCMP_ERROR) return 0;
  return seccomp_rule_add_array(filter.get(), action, number, static_cast<unsigned>(arguments.size()),
                                arguments.data());
}

int add_rules(const Filter& filter) {
  // Also for calls by the processor's other tables (32 bits, x32). Ends the whole process, not one thread.
  int error = seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  // Applies to threads that run already, too.
  if (error == 0) error = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1);
  for (const char* const name : kAllowed) {
    if (error == 0) error = add(filter, SCMP_ACT_ALLOW, name);
  }
  for (const auto& [name, arguments] : limited_calls()) {
    if (error == 0) error = add(filter, SCMP_ACT_ALLOW, name, arguments);
  }
  // The arguments of clone3 are in memory, where a filter cannot look; with ENOSYS the C library uses clone.
  if (error == 0) error = add(filter, SCMP_ACT_ERRNO(ENOSYS), "clone3");
  // Nothing may replace the handler that reports refused calls. It also ends the process by this call.
  if (error == 0) error = add(filter, SCMP_ACT_KILL_PROCESS, "rt_sigaction", {equals(0, SIGSYS)});
  return error;
}

}  // namespace

Result<void> filter_system_calls() {
  handle_refused_calls();
  const Filter filter(seccomp_init(SCMP_ACT_TRAP));
  if (!filter) return refused(-ENOMEM);
  int error = add_rules(filter);
  if (error == 0) error = seccomp_load(filter.get());
  return error == 0 ? Result<void>() : refused(error);
}

}  // namespace latchkey::server
