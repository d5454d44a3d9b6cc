// A library to be loaded before the C library (LD_PRELOAD). It tries what an attacker who runs code in the
// server would try, on the very thread that the test signals. It runs in a signal handler, so it uses only
// system calls. Thread: one at a time.
#include <dlfcn.h>
#include <liburing.h>
#include <pthread.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>

#include <cerrno>
#include <cstring>

#include "integration/probe/probe_page.h"
#include "integration/probe/ways.h"
#include "support/control_page.h"

namespace latchkey::test {

namespace {

ProbePage* page = nullptr;
volatile std::sig_atomic_t caught = 0;

constexpr std::size_t kMaxRings = 64;
std::array<io_uring*, kMaxRings> rings{};
std::atomic<std::size_t> rings_made = 0;

template <class Function>
Function next(const char* name) noexcept {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

void note_caught(int, siginfo_t*, void* context) noexcept {
  caught = 1;
#if defined(__x86_64__)
  static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RAX] = -ENOSYS;
#else
  static_cast<ucontext_t*>(context)->uc_mcontext.regs[0] = static_cast<unsigned long>(-ENOSYS);
#endif
}

void end_by_signal() noexcept {
  // If the process ends for it, this does not return.
  switch (page->task.load()) {
#if defined(__x86_64__)
    case ProbeTask::kOtherCallTable: {
      long result = 359;  // socket, in the table of 32-bit programs
      asm volatile("int $0x80"
                   : "+a"(result)
                   : "b"(2L), "c"(1L), "d"(0L)
                   : "memory", "r8", "r9", "r10", "r11");
      break;
    }
    case ProbeTask::kX32CallTable:
      ::syscall(0x40000000 + SYS_socket, AF_INET, SOCK_STREAM, 0);
      break;
#endif
    case ProbeTask::kOwnHandler: {
      std::array<unsigned long, 8> action{};
      ::syscall(SYS_rt_sigaction, SIGSYS, action.data(), nullptr, 8);
      break;
    }
    default:
      break;
  }
}

void probe(int) noexcept {
  const int error = errno;
  switch (page->task.load()) {
    case ProbeTask::kEveryWay:
      try_every_way();
      break;
    case ProbeTask::kEveryCall:
      try_every_call();
      break;
    case ProbeTask::kSocket:
      try_way("socket", [] { return ::syscall(SYS_socket, AF_INET, SOCK_STREAM, 0); });
      break;
    case ProbeTask::kHarmless:
      for (int i = 0; i < 2; ++i) try_way("getppid", [] { return ::syscall(SYS_getppid); });
      break;
    case ProbeTask::kSpin:
      page->spinning.fetch_add(1);
      while (page->task == ProbeTask::kSpin) {
      }
      break;
    default:
      end_by_signal();
      break;
  }
  page->over.fetch_add(1);
  ::syscall(SYS_futex, &page->over, FUTEX_WAKE, 1, nullptr, nullptr, 0);
  errno = error;
}

void set_handler(int number, struct sigaction action) noexcept {
  next<int (*)(int, const struct sigaction*, struct sigaction*)>("sigaction")(number, &action, nullptr);
}

__attribute__((constructor)) void begin() noexcept {
  page = map_control_page<ProbePage>(kProbePageVariable);
  if (page == nullptr) return;
  struct sigaction probing {};
  probing.sa_handler = probe;
  probing.sa_flags = SA_RESTART;
  set_handler(probe_signal(), probing);
  if (page->keep_handler != 0) return;
  struct sigaction noting {};
  noting.sa_sigaction = note_caught;
  noting.sa_flags = SA_SIGINFO | static_cast<int>(SA_NODEFER);
  set_handler(SIGSYS, noting);
}

}  // namespace

ProbePage& probe_page() noexcept { return *page; }

void note(const char* way, int answer) noexcept {
  const std::uint32_t at = page->answered.load();
  if (at == page->answers.size()) return;
  std::strncpy(page->answers[at].way.data(), way, page->answers[at].way.size() - 1);
  page->answers[at].error = answer;
  page->answered.store(at + 1);
}

int answer_to(long (*attempt)()) noexcept {
  caught = 0;
  errno = 0;
  const long result = attempt();
  if (caught != 0) return kCaught;
  return result < 0 ? errno : kDone;
}

std::span<io_uring* const> rings_of_process() noexcept { return {rings.data(), rings_made.load()}; }

}  // namespace latchkey::test

// Collects the server's rings as it makes them.
extern "C" int io_uring_queue_init_params(unsigned entries, io_uring* ring, io_uring_params* parameters) {
  using latchkey::test::rings_made;
  static const auto function =
      latchkey::test::next<int (*)(unsigned, io_uring*, io_uring_params*)>("io_uring_queue_init_params");
  if (rings_made < latchkey::test::kMaxRings) latchkey::test::rings[rings_made++] = ring;
  return function(entries, ring, parameters);
}

// The thread that loads names itself before it begins.
extern "C" int pthread_setname_np(pthread_t thread, const char* name) noexcept {
  using namespace latchkey::test;
  static const auto function = next<int (*)(pthread_t, const char*)>("pthread_setname_np");
  while (page != nullptr && page->hold_load != 0 && std::strcmp(name, "load") == 0) {
    constexpr timespec kPause{0, 10'000'000};
    ::nanosleep(&kPause, nullptr);
  }
  return function(thread, name);
}

// Code that an attacker runs in the process may catch SIGSYS itself, or try to.
extern "C" int sigaction(int number, const struct sigaction* action, struct sigaction* old) noexcept {
  using namespace latchkey::test;
  static const auto function = next<int (*)(int, const struct sigaction*, struct sigaction*)>("sigaction");
  const bool is_ours = number == probe_signal() || (number == SIGSYS && page->keep_handler == 0);
  if (page != nullptr && action != nullptr && is_ours) return 0;
  return function(number, action, old);
}
