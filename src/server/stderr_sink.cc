#include "server/stderr_sink.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstddef>

namespace latchkey::server {

namespace {

// How often to check whether the server ends, or whether a full disk has room again.
constexpr int kLookMs = 50;

// Errors of a descriptor that takes bytes again once somebody has read, or made room.
bool passes(int error) noexcept {
  return error == EAGAIN || error == EWOULDBLOCK || error == ENOSPC || error == EDQUOT || error == EFBIG;
}

}  // namespace

void say_on_stderr(std::string_view text) noexcept {
  pollfd room{STDERR_FILENO, POLLOUT, 0};
  if (::poll(&room, 1, kLookMs) <= 0) return;
  // A single write, so the text stays in one piece among the log's lines.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

void StderrSink::sink_it_(const spdlog::details::log_msg& message) {
  spdlog::memory_buf_t text;
  // The rest of a line that was lost in part must not swallow the next one.
  if (is_amid_line_) text.push_back('\n');
  formatter_->format(message, text);
  write({text.data(), text.size()});
}

void StderrSink::write(std::string_view text) {
  bool is_full = false;
  const std::size_t bytes = text.size();
  while (!text.empty()) {
    if (!wait_for_room(is_full)) throw spdlog::spdlog_ex("standard error takes no bytes", ETIMEDOUT);
    // A pipe that has any room takes this much without blocking (pipe(7)).
    const ssize_t written = ::write(descriptor_, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
    is_full = written < 0 && passes(errno);
    if (written < 0 && errno != EINTR && !is_full) throw spdlog::spdlog_ex("standard error", errno);
    if (written > 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
      deadline_.reset();
    }
    if (text.size() < bytes) is_amid_line_ = !text.empty();
  }
}

// False if the server ends meanwhile.
bool StderrSink::wait_for_room(bool is_full) {
  if (is_full) {
    // To poll(2) a file is always ready, even on a full disk.
    if (!may_wait()) return false;
    ::poll(nullptr, 0, kLookMs);
  }
  pollfd room{descriptor_, POLLOUT, 0};
  while (::poll(&room, 1, 0) == 0) {
    if (!may_wait()) return false;
    ::poll(&room, 1, kLookMs);
  }
  return true;
}

bool StderrSink::may_wait() {
  if (!ending_.load(std::memory_order_relaxed)) return true;
  const auto now = std::chrono::steady_clock::now();
  if (!deadline_) deadline_ = now + kPatienceAtEnd;
  if (!last_deadline_) last_deadline_ = now + kLongestEnd;
  return now < std::min(*deadline_, *last_deadline_);
}

}  // namespace latchkey::server
