#include "server/refused_call.h"

#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace latchkey::server {

namespace {

constexpr const char* kWaysOut[] = {
    // Sockets and rings.
    "socket", "socketpair", "connect", "bind", "listen", "accept", "accept4", "sendto", "sendmsg", "sendmmsg",
    "recvfrom", "recvmsg", "recvmmsg", "setsockopt", "shutdown", "io_uring_setup", "io_uring_register",
    "pidfd_getfd", "dup", "dup2", "dup3", "fcntl",
    // Programs, code, and the rules themselves.
    "execve", "execveat", "fork", "vfork", "clone", "unshare", "setns", "mmap", "mprotect", "pkey_mprotect",
    "memfd_create", "memfd_secret", "shmat", "remap_file_pages", "personality", "modify_ldt", "arch_prctl",
    "seccomp", "prctl", "rt_sigaction", "bpf", "userfaultfd", "keyctl", "add_key", "request_key",
    // Other processes.
    "kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_open", "pidfd_send_signal",
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "process_mrelease", "kcmp",
    "perf_event_open", "timer_create", "mq_open", "msgget", "semget", "shmget", "ioctl",
    // The machine.
    "mount", "umount2", "pivot_root", "chroot", "open_by_handle_at", "open_tree", "move_mount", "fsopen",
    "fsconfig", "fsmount", "mount_setattr", "init_module", "finit_module", "delete_module", "kexec_load",
    "kexec_file_load", "reboot", "swapon", "swapoff", "iopl", "ioperm", "setuid", "setgid", "setreuid",
    "setregid", "setresuid", "setresgid", "setgroups", "capset", "settimeofday", "clock_settime",
    "clock_adjtime", "adjtimex"};

constexpr std::size_t kNumbers = 512;
constexpr int kBySeccomp = 1;  // SYS_SECCOMP of the kernel's asm-generic/siginfo.h
constexpr std::size_t kMaxNameBytes = 24;

struct Call {
  std::array<char, kMaxNameBytes> name{};
  bool is_way_out = false;
  std::atomic<bool> was_said = false;
};

// A signal handler can reach only static data. Written before the filter is loaded.
std::array<Call, kNumbers> calls;

/// One line, put together without allocating memory and written at once.
class Line {
 public:
  Line& operator<<(std::string_view text) noexcept {
    const std::size_t count = std::min(text.size(), bytes_.size() - size_);
    std::memcpy(bytes_.data() + size_, text.data(), count);
    size_ += count;
    return *this;
  }
  Line& operator<<(unsigned number) noexcept {
    std::array<char, 10> digits{};
    std::size_t first = digits.size();
    do {
      digits[--first] = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number != 0);
    return *this << std::string_view(digits.data() + first, digits.size() - first);
  }
  void write() const noexcept {
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, bytes_.data(), size_);
  }

 private:
  std::array<char, 256> bytes_{};
  std::size_t size_ = 0;
};

void say(unsigned number, std::string_view effect) noexcept {
  std::array<char, 16> thread{};
  ::prctl(PR_GET_NAME, thread.data(), 0, 0, 0);
  Line line;
  line << "level=error event=sandbox.refused call="
       << (number < kNumbers && calls[number].name[0] != '\0' ? calls[number].name.data() : "unknown")
       << " number=" << number << " thread=" << thread.data() << " effect=\"" << effect << "\"\n";
  line.write();
}

[[noreturn]] void end_by_sigsys() noexcept {
  // The filter's response to this call is to end the process by SIGSYS, even if it is blocked or handled.
  ::syscall(SYS_rt_sigaction, SIGSYS, nullptr, nullptr, 8);
  ::_exit(128 + SIGSYS);
}

/// False if this code does not know the architecture's registers.
bool return_eperm(void* context) noexcept {
#if defined(__x86_64__)
  static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RAX] = -EPERM;
  return true;
#elif defined(__aarch64__)
  static_cast<ucontext_t*>(context)->uc_mcontext.regs[0] = static_cast<unsigned long long>(-EPERM);
  return true;
#else
  static_cast<void>(context);
  return false;
#endif
}

void refuse(int, siginfo_t* info, void* context) noexcept {
  // Sent by another process: behave as if there were no handler.
  if (info->si_code != kBySeccomp) end_by_sigsys();
  const auto number = static_cast<unsigned>(info->si_syscall);
  if (number >= kNumbers || calls[number].is_way_out || !return_eperm(context)) {
    say(number, "it is a way out of the sandbox, so the server ends");
    end_by_sigsys();
  }
  if (!calls[number].was_said.exchange(true)) say(number, "it failed with EPERM; please report it");
}

}  // namespace

void handle_refused_calls() {
  for (std::size_t number = 0; number < kNumbers; ++number) {
    char* const name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, static_cast<int>(number));
    if (name == nullptr) continue;
    std::strncpy(calls[number].name.data(), name, kMaxNameBytes - 1);
    std::free(name);
  }
  for (const char* const name : kWaysOut) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number >= 0 && static_cast<std::size_t>(number) < kNumbers)
      calls[static_cast<std::size_t>(number)].is_way_out = true;
  }
  struct sigaction action {};
  action.sa_sigaction = refuse;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGSYS, &action, nullptr);
}

}  // namespace latchkey::server
