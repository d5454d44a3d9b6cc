// Ways to other processes, to files and to programs, and all system calls by number.
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <termios.h>

#include <algorithm>
#include <cstdio>

#include "integration/probe/ways.h"

namespace latchkey::test {

namespace {

int other = 0;
int number = 0;

/// The calls that the filter lets pass, whichever arguments it may restrict them to.
constexpr std::array kListed = {
    SYS_io_uring_enter, SYS_io_uring_register, SYS_futex, SYS_sched_yield, SYS_nanosleep, SYS_clock_nanosleep,
    SYS_restart_syscall, SYS_poll, SYS_ppoll, SYS_set_robust_list, SYS_rseq, SYS_exit, SYS_exit_group,
    SYS_gettid, SYS_getpid, SYS_tgkill, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sched_setscheduler,
    SYS_sched_getaffinity, SYS_mmap, SYS_mprotect, SYS_munmap, SYS_mremap, SYS_madvise, SYS_brk, SYS_mlock,
    SYS_mlock2, SYS_munlock, SYS_clock_gettime, SYS_clock_getres, SYS_gettimeofday, SYS_time, SYS_getrandom,
    SYS_getcpu, SYS_getrusage, SYS_prlimit64, SYS_sysinfo, SYS_uname, SYS_getuid, SYS_geteuid, SYS_getgid,
    SYS_getegid, SYS_openat, SYS_open, SYS_close, SYS_read, SYS_pread64, SYS_readv, SYS_preadv, SYS_write,
    SYS_pwrite64, SYS_writev, SYS_pwritev, SYS_lseek, SYS_fstat, SYS_stat, SYS_lstat, SYS_newfstatat,
    SYS_statx, SYS_access, SYS_faccessat, SYS_faccessat2, SYS_readlink, SYS_readlinkat, SYS_getcwd,
    SYS_getdents64, SYS_fsync, SYS_fdatasync, SYS_ftruncate, SYS_fallocate, SYS_fcntl, SYS_unlink,
    SYS_unlinkat, SYS_fchmod, SYS_fchown, SYS_shutdown, SYS_getsockname, SYS_getpeername, SYS_getsockopt,
    SYS_clone3 /* answered as unknown, for the C library */,
    // uretprobe and uprobe. The kernel shows them to no filter, and answers by ending the process.
    335, 336};

void try_signals() noexcept {
  try_way("kill", [] { return ::syscall(SYS_kill, other, 0); });
  try_way("kill: all", [] { return ::syscall(SYS_kill, -1, 0); });
  try_way("tkill", [] { return ::syscall(SYS_tkill, other, 0); });
  try_way("tgkill", [] { return ::syscall(SYS_tgkill, other, other, 0); });
  try_way("rt_sigqueueinfo", [] { return ::syscall(SYS_rt_sigqueueinfo, other, SIGURG, nullptr); });
  try_way("rt_tgsigqueueinfo",
          [] { return ::syscall(SYS_rt_tgsigqueueinfo, other, other, SIGURG, nullptr); });
  try_way("pidfd_open", [] { return ::syscall(SYS_pidfd_open, other, 0); });
  try_way("pidfd_send_signal", [] { return ::syscall(SYS_pidfd_send_signal, 0, SIGURG, nullptr, 0); });
  try_way("timer_create", [] {
    int timer = 0;
    return ::syscall(SYS_timer_create, CLOCK_MONOTONIC, nullptr, &timer);
  });
  try_way("fcntl: the owner of a descriptor's signals",
          [] { return ::syscall(SYS_fcntl, STDERR_FILENO, F_SETOWN, other); });
  try_way("fcntl: the owner, extended", [] {
    const std::array<int, 2> owner = {1, other};
    return ::syscall(SYS_fcntl, STDERR_FILENO, F_SETOWN_EX, owner.data());
  });
  try_way("fcntl: its signal", [] { return ::syscall(SYS_fcntl, STDERR_FILENO, F_SETSIG, SIGKILL); });
  try_way("ioctl: the owner", [] { return ::syscall(SYS_ioctl, STDERR_FILENO, FIOSETOWN, &other); });
}

void try_limits() noexcept {
  try_way("prlimit64 of another", [] {
    rlimit64 limit{};
    return ::syscall(SYS_prlimit64, other, RLIMIT_NOFILE, nullptr, &limit);
  });
  try_way("prlimit64: own limits changed", [] {
    const rlimit64 limit{64, 64};
    return ::syscall(SYS_prlimit64, 0, RLIMIT_CORE, &limit, nullptr);
  });
  try_way("sched_setaffinity", [] {
    unsigned long all = ~0UL;
    return ::syscall(SYS_sched_setaffinity, other, sizeof all, &all);
  });
  try_way("sched_setscheduler", [] {
    const sched_param parameters{};
    return ::syscall(SYS_sched_setscheduler, other, SCHED_BATCH, &parameters);
  });
  try_way("sched_setattr", [] { return ::syscall(SYS_sched_setattr, other, nullptr, 0); });
  try_way("setpriority", [] { return ::syscall(SYS_setpriority, PRIO_PROCESS, other, 19); });
  try_way("ioprio_set", [] { return ::syscall(SYS_ioprio_set, 1, other, 0); });
}

void try_memory_of_others() noexcept {
  try_way("ptrace", [] { return ::syscall(SYS_ptrace, 16, other, nullptr, nullptr); });
  try_way("process_vm_readv",
          [] { return ::syscall(SYS_process_vm_readv, other, nullptr, 0, nullptr, 0, 0); });
  try_way("process_vm_writev",
          [] { return ::syscall(SYS_process_vm_writev, other, nullptr, 0, nullptr, 0, 0); });
  try_way("kcmp", [] { return ::syscall(SYS_kcmp, other, other, 0, 0, 0); });
  try_way("perf_event_open", [] { return ::syscall(SYS_perf_event_open, nullptr, other, -1, -1, 0); });
}

void try_programs() noexcept {
  static char name[] = "/bin/true";
  static char* const arguments[] = {name, nullptr};
  try_way("execve", [] { return ::syscall(SYS_execve, name, arguments, nullptr); });
  try_way("execveat", [] { return ::syscall(SYS_execveat, AT_FDCWD, name, arguments, nullptr, 0); });
  try_way("fork", [] { return ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr); });
  try_way("clone: a namespace", [] {
    return ::syscall(SYS_clone, CLONE_THREAD | CLONE_SIGHAND | CLONE_VM | CLONE_NEWUSER, nullptr, nullptr,
                     nullptr, nullptr);
  });
  try_way("unshare", [] { return ::syscall(SYS_unshare, CLONE_NEWUSER); });
  try_way("setns", [] { return ::syscall(SYS_setns, 0, 0); });
  try_way("memfd_create", [] { return ::syscall(SYS_memfd_create, "x", 0); });
  try_way("mmap: code", [] {
    return ::syscall(SYS_mmap, nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  });
  try_way("mprotect: code", [] { return ::syscall(SYS_mprotect, nullptr, 0, PROT_READ | PROT_EXEC); });
  try_way("pkey_mprotect: code", [] { return ::syscall(SYS_pkey_mprotect, nullptr, 0, PROT_EXEC, -1); });
  try_way("personality", [] { return ::syscall(SYS_personality, 0x0400000); });
  try_way("userfaultfd", [] { return ::syscall(SYS_userfaultfd, 1); });
  try_way("bpf", [] { return ::syscall(SYS_bpf, 0, nullptr, 0); });
  try_way("keyctl", [] { return ::syscall(SYS_keyctl, 0, 0, 0, 0, 0); });
  try_way("prctl: core dumps", [] { return ::syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0); });
  try_way("seccomp", [] { return ::syscall(SYS_seccomp, 2, 0, nullptr); });
}

}  // namespace

void try_processes() noexcept {
  other = probe_page().process;
  try_signals();
  try_limits();
  try_memory_of_others();
  try_programs();
}

void try_files() noexcept {
  try_way("open /etc/passwd", [] { return ::syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY); });
  try_way("open /proc/self/mem", [] { return ::syscall(SYS_openat, AT_FDCWD, "/proc/self/mem", O_RDWR); });
  try_way("open the directory above", [] { return ::syscall(SYS_openat, AT_FDCWD, "..", O_RDONLY); });
  try_way("open a new file in /tmp",
          [] { return ::syscall(SYS_openat, AT_FDCWD, "/tmp/latchkey-probe", O_RDWR | O_CREAT, 0600); });
  try_way("open a nameless file in /tmp",
          [] { return ::syscall(SYS_openat, AT_FDCWD, "/tmp", O_RDWR | __O_TMPFILE, 0600); });
  try_way("open a terminal", [] { return ::syscall(SYS_openat, AT_FDCWD, "/dev/ptmx", O_RDWR); });
  try_way("unlink elsewhere", [] { return ::syscall(SYS_unlink, "/tmp/latchkey-probe"); });
  try_way("open_by_handle_at", [] { return ::syscall(SYS_open_by_handle_at, AT_FDCWD, nullptr, 0); });
  try_way("mount", [] { return ::syscall(SYS_mount, nullptr, "/", nullptr, 0, nullptr); });
  try_way("mknod", [] { return ::syscall(SYS_mknodat, AT_FDCWD, "x", 0010600, 0); });
  try_way("symlink", [] { return ::syscall(SYS_symlinkat, "/etc", AT_FDCWD, "x"); });
  try_way("link", [] { return ::syscall(SYS_linkat, AT_FDCWD, "x", AT_FDCWD, "y", 0); });
  try_way("rename", [] { return ::syscall(SYS_renameat2, AT_FDCWD, "x", AT_FDCWD, "y", 0); });
  try_way("ioctl: a terminal's input", [] { return ::syscall(SYS_ioctl, STDIN_FILENO, TIOCSTI, "x"); });
  try_way("ioctl: a console's selection", [] { return ::syscall(SYS_ioctl, STDIN_FILENO, TIOCLINUX, "x"); });
}

void try_every_way() noexcept {
  try_sockets();
  try_rings();
  try_open_sockets();
  try_processes();
  try_files();
}

/// Tries the calls that are on no list, and notes each one that is not caught.
void try_every_call() noexcept {
  constexpr int kNumbers = 512;
  for (number = 0; number < kNumbers; ++number) {
    if (std::find(kListed.begin(), kListed.end(), number) != kListed.end()) continue;
    const int answer = answer_to([] { return ::syscall(number, 0, 0, 0, 0, 0, 0); });
    if (answer == kCaught) continue;
    std::array<char, 64> way{};
    std::snprintf(way.data(), way.size(), "system call %d", number);
    note(way.data(), answer);
  }
  note("all numbers", kCaught);
}

}  // namespace latchkey::test
