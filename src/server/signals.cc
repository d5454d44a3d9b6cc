#include "latchkey/server/signals.h"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "latchkey/base/assert.h"

namespace latchkey::server {

namespace {

sigset_t ending_signals() noexcept {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

}  // namespace

Result<void> block_signals() {
  const sigset_t signals = ending_signals();
  if (const int error = pthread_sigmask(SIG_BLOCK, &signals, nullptr); error != 0) {
    return failure(ErrorCode::kUnavailable, fmt::format("cannot block signals: {}", std::strerror(error)));
  }
  // A peer that is gone is an error of one write, not the end of the process.
  ::signal(SIGPIPE, SIG_IGN);
  return {};
}

Result<SignalReader> SignalReader::open() {
  const sigset_t signals = ending_signals();
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
  // A read that was interrupted has taken no signal.
  if (result == -EINTR || result == -EAGAIN) return read();
  LATCHKEY_ASSERT(result == static_cast<std::int32_t>(sizeof info_));
  std::exchange(waiter_, nullptr).resume();
}

}  // namespace latchkey::server
