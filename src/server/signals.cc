#include "server/signals.h"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>

#include "latchkey/base/assert.h"

namespace latchkey::server {

namespace {

using enum SignalRule;

constexpr SignalDecision kTable[] = {
    {SIGTERM, kStop, false},
    // A shell without job control starts background programs with these two ignored.
    {SIGINT, kStop, true},
    {SIGQUIT, kStop, true},
    // The soft limit on CPU time; the hard limit kills.
    {SIGXCPU, kStop, false},
    {SIGHUP, kHangUp, true},
    // Other daemons take these as "open the log again" or "read the settings again".
    {SIGUSR1, kLog, false},
    {SIGUSR2, kLog, false},
    // If a peer has gone or a file may not grow, one write fails; that is all.
    {SIGPIPE, kIgnore, false},
    {SIGXFSZ, kIgnore, false},
    // A log line must not stop a server in a terminal's background.
    {SIGTTIN, kIgnore, false},
    {SIGTTOU, kIgnore, false},
    // Nothing here uses these; unhandled they would end the process.
    {SIGALRM, kIgnore, false},
    {SIGVTALRM, kIgnore, false},
    {SIGPROF, kIgnore, false},
    {SIGIO, kIgnore, false},
    {SIGPWR, kIgnore, false},
    {SIGSTKFLT, kIgnore, false},
    // Job control, and what the system ignores by default.
    {SIGTSTP, kLeave, false},
    {SIGCONT, kLeave, false},
    {SIGCHLD, kLeave, false},
    {SIGURG, kLeave, false},
    {SIGWINCH, kLeave, false},
    // Bugs.
    {SIGABRT, kLeave, false},
    {SIGBUS, kLeave, false},
    {SIGFPE, kLeave, false},
    {SIGILL, kLeave, false},
    {SIGSEGV, kLeave, false},
    {SIGTRAP, kLeave, false},
    {SIGSYS, kLeave, false},
};

// The C library reserves the first real-time signals and lets no caller set them. It handles this one only
// where threads are cancelled, and no thread here is.
constexpr int kCancelSignal = 32;

bool is_read(SignalRule rule) noexcept { return rule == kStop || rule == kHangUp || rule == kLog; }

bool set(int number, bool ignored) noexcept {
  struct sigaction action {};
  action.sa_handler = ignored ? SIG_IGN : SIG_DFL;
  return ::sigaction(number, &action, nullptr) == 0;
}

bool is_ignored(int number) noexcept {
  struct sigaction action {};
  return ::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

bool stays_ignored(const SignalDecision& decision) noexcept {
  return decision.may_stay_ignored && is_ignored(decision.number);
}

sigset_t read_signals() noexcept {
  sigset_t signals;
  sigemptyset(&signals);
  for (const SignalDecision& decision : kTable) {
    // A blocked signal is queued even if it is ignored.
    if (is_read(decision.rule) && !stays_ignored(decision)) sigaddset(&signals, decision.number);
  }
  return signals;
}

void ignore_cancel_signal() noexcept {
  // The kernel's layout: handler, flags, restorer, mask.
  const std::array<std::uintptr_t, 4> action = {reinterpret_cast<std::uintptr_t>(SIG_IGN), 0, 0, 0};
  ::syscall(SYS_rt_sigaction, kCancelSignal, action.data(), nullptr, sizeof(std::uint64_t));
}

}  // namespace

std::span<const SignalDecision> signal_table() noexcept { return kTable; }

SignalRule rule_of(int number) noexcept {
  const auto* const found =
      std::find_if(std::begin(kTable), std::end(kTable),
                   [number](const auto& decision) { return decision.number == number; });
  LATCHKEY_ASSERT(found != std::end(kTable));
  return found->rule;
}

Result<void> decide_on_signals() {
  bool done = true;
  for (const SignalDecision& decision : kTable) {
    if (!stays_ignored(decision)) done = set(decision.number, decision.rule == kIgnore) && done;
  }
  for (int number = SIGRTMIN; number <= SIGRTMAX; ++number) done = set(number, true) && done;
  ignore_cancel_signal();
  // Nothing else stays blocked, whatever the parent had blocked.
  const sigset_t signals = read_signals();
  if (pthread_sigmask(SIG_SETMASK, &signals, nullptr) != 0 || !done) {
    return failure(ErrorCode::kUnavailable,
                   fmt::format("cannot decide on signals: {}", std::strerror(errno)));
  }
  return {};
}

Result<SignalReader> SignalReader::open() {
  const sigset_t signals = read_signals();
  const int fd = ::signalfd(-1, &signals, SFD_CLOEXEC);
  if (fd < 0) return failure(ErrorCode::kUnavailable, fmt::format("no signalfd: {}", std::strerror(errno)));
  return SignalReader(fd);
}

SignalReader::~SignalReader() {
  if (fd_ >= 0) ::close(fd_);
}

void SignalReader::start(runtime::Loop& loop, std::coroutine_handle<> waiter) noexcept {
  waiter_ = waiter;
  loop_ = &loop;
  read();
}

void SignalReader::read() noexcept {
  loop_->ring().start(
      this, [this](io_uring_sqe& entry) { io_uring_prep_read(&entry, fd_, &info_, sizeof info_, 0); });
}

void SignalReader::complete(std::int32_t result, std::uint32_t) noexcept {
  // An interrupted read has taken no signal.
  if (result == -EINTR || result == -EAGAIN) return read();
  LATCHKEY_ASSERT(result == static_cast<std::int32_t>(sizeof info_));
  std::exchange(waiter_, nullptr).resume();
}

}  // namespace latchkey::server
