// Signals as completions of the main thread's ring: SIGTERM and SIGINT are blocked before any thread starts
// and read from a signalfd.
#pragma once

#include <sys/signalfd.h>

#include <coroutine>
#include <utility>

#include "latchkey/base/result.h"
#include "latchkey/runtime/loop.h"

namespace latchkey::server {

/// Blocks the signals that end the server, for this thread and all that it starts, and ignores SIGPIPE.
Result<void> block_signals();

class SignalReader final : private runtime::Operation {
 public:
  /// Opens the signalfd; `block_signals` was called. Errors are the kernel's.
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
