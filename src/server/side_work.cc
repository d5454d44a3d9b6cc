#include "server/side_work.h"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "latchkey/base/assert.h"

namespace latchkey::server {

Result<SideWork> SideWork::open() {
  const int fd = ::eventfd(0, EFD_CLOEXEC);
  if (fd < 0) return failure(ErrorCode::kUnavailable, fmt::format("no eventfd: {}", std::strerror(errno)));
  return SideWork(fd);
}

SideWork::~SideWork() {
  if (fd_ >= 0) ::close(fd_);
}

void SideWork::say(std::uint64_t what) const noexcept {
  const ssize_t written = ::write(fd_, &what, sizeof what);
  LATCHKEY_ASSERT(written == static_cast<ssize_t>(sizeof what));
}

void SideWork::say_got_on() noexcept {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_step_) return;
  next_step_ = now + kBetweenSteps;
  say(kGotOn);
}

void SideWork::wait(runtime::Loop& loop) noexcept {
  loop_ = &loop;
  is_done_ = false;
  read();
  while (!is_done_) loop.pass();
}

void SideWork::read() noexcept {
  loop_->ring().start(
      this, [this](io_uring_sqe& entry) { io_uring_prep_read(&entry, fd_, &counted_, sizeof counted_, 0); });
}

void SideWork::complete(std::int32_t result, std::uint32_t) noexcept {
  if (result == -EINTR || result == -EAGAIN) return read();
  LATCHKEY_ASSERT(result == static_cast<std::int32_t>(sizeof counted_));
  if (counted_ % kDone != 0) on_step_();
  is_done_ = counted_ >= kDone;
  if (!is_done_) read();
}

}  // namespace latchkey::server
