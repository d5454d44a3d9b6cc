// What becomes of each signal: one table, which decides on all of them whatever the parent process had set.
// Those that the server acts on are blocked before any thread starts, and read from a signalfd as completions
// of the main thread's ring.
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
  kHangUp,  ///< where standard error is a terminal it stops in order; else as kLog
  kLog,     ///< a line in the log, and nothing else
  kIgnore,  ///< nothing
  kLeave,   ///< what the system does: a bug ends the process, job control stops it and has it go on
};

struct SignalDecision {
  int number;
  SignalRule rule;
  bool may_stay_ignored;  ///< where it is ignored at the start, as by nohup(1), it stays so
};

/// Each signal but the real-time ones, which are ignored, and those that no process decides on.
std::span<const SignalDecision> signal_table() noexcept;

/// The rule of a signal of the table.
SignalRule rule_of(int number) noexcept;

/// Carries the table out, for this thread and all that it starts. SIGSYS becomes the sandbox's later
/// (refused_call.h). Errors are the kernel's.
Result<void> decide_on_signals();

class SignalReader final : private runtime::Operation {
 public:
  /// Opens the signalfd; `decide_on_signals` was called. Errors are the kernel's.
  static Result<SignalReader> open();
  SignalReader(SignalReader&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  SignalReader& operator=(SignalReader&&) = delete;
  ~SignalReader();

  /// `co_await reader.next(loop)`: the number of the next signal. One waiter.
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
  runtime::Loop* loop_ = nullptr;  ///< of the waiter
  signalfd_siginfo info_{};
  std::coroutine_handle<> waiter_;
};

}  // namespace latchkey::server
