// What happens at each signal. One table decides on all of them, whatever the parent process had set. Those
// that the server acts on are blocked before any thread starts, and read from a signalfd as completions of
// the main thread's ring.
#pragma once

#include <sys/signalfd.h>

#include <coroutine>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "latchkey/base/result.h"
#include "latchkey/runtime/loop.h"

namespace latchkey::server {

enum class SignalRule : std::uint8_t {
  kStop,    ///< the server stops in order
  kHangUp,  ///< if standard error is a terminal, the server stops in order; else log files are opened again
  kLog,     ///< a line in the log, nothing else
  kIgnore,  ///< nothing
  kLeave,   ///< the system's default: a bug ends the process, job control stops and continues it
};

struct SignalDecision {
  int number;
  SignalRule rule;
  bool may_stay_ignored;  ///< if it is ignored at the start, as under nohup(1), it stays ignored
};

/// Every signal except the real-time ones, which are ignored, and those that no process can decide on.
std::span<const SignalDecision> signal_table() noexcept;

/// The rule of a signal.
/// Requires: the table has it.
SignalRule rule_of(int number) noexcept;

/// Applies the table to this thread and all that it starts. SIGSYS is set later, by `refused_call.h`.
/// Errors: the kernel's.
Result<void> decide_on_signals();

class SignalReader final : private runtime::Operation {
 public:
  /// Opens the signalfd.
  /// Requires: `decide_on_signals` has been called.
  /// Errors: the kernel's.
  static Result<SignalReader> open();
  SignalReader(SignalReader&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  SignalReader& operator=(SignalReader&&) = delete;
  ~SignalReader();

  /// `co_await reader.next(loop)` gives the number of the next signal. One waiter at a time.
  auto next(runtime::Loop& loop) noexcept {
    struct Awaiter {
      SignalReader& reader;
      runtime::Loop& loop;
      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<> waiter) const noexcept { reader.start(loop, waiter); }
      int await_resume() const noexcept { return static_cast<int>(reader.info_.ssi_signo); }
    };
    return Awaiter{*this, loop};
  }

 private:
  explicit SignalReader(int fd) noexcept : fd_(fd) {}
  void start(runtime::Loop& loop, std::coroutine_handle<> waiter) noexcept;
  void read() noexcept;
  void complete(std::int32_t result, std::uint32_t flags) noexcept override;

  int fd_;
  runtime::Loop* loop_ = nullptr;  ///< the waiter's
  signalfd_siginfo info_{};
  std::coroutine_handle<> waiter_;
};

}  // namespace latchkey::server
