#include "server/line_writer.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstring>
#include <utility>

namespace latchkey::server {

namespace {

// How often to check whether the server ends, whether a full disk has room again, or for another file.
constexpr int kLookMs = 50;

// A pipe without room is how a slow reader looks; only what lasts is told.
bool is_slow_reader(int error) noexcept { return error == EAGAIN || error == EWOULDBLOCK; }

/// Where the last whole line ends in what has been written of `lines`, which is all but `rest`.
std::size_t end_of_last_line(std::string_view lines, std::string_view rest) noexcept {
  const std::string_view written = lines.substr(0, lines.size() - rest.size());
  return written.rfind('\n') + 1;  // npos + 1 is 0
}

}  // namespace

/// Errors after which bytes may be taken again: once somebody has read, or made room. Of a file, all.
bool LineWriter::passes(int error) const noexcept {
  return file_.has_value() || error == EAGAIN || error == EWOULDBLOCK || error == ENOSPC || error == EDQUOT ||
         error == EFBIG;
}

int LineWriter::write(std::string_view lines) {
  look();
  // The rest of a line that was lost in part must not swallow the next one.
  bool ends_lost_line = std::exchange(is_amid_line_, false);
  std::string_view rest = lines;
  int error = 0;
  while (!rest.empty()) {
    const Wait waited = error == 0 ? wait_for_room() : wait_a_little(error);
    if (waited == Wait::kGivenUp) return ETIMEDOUT;
    if (waited == Wait::kOtherFile) {
      // It begins with the line that the other one has in part.
      rest = lines.substr(end_of_last_line(lines, rest));
      is_amid_line_ = ends_lost_line = false;
    }
    // A pipe that has any room takes this much without blocking (pipe(7)). A file of its own never blocks.
    const std::string_view next = ends_lost_line ? std::string_view("\n")
                                  : file_        ? rest
                                                 : rest.substr(0, PIPE_BUF);
    const ssize_t written = ::write(descriptor_, next.data(), next.size());
    error = written < 0 && errno != EINTR ? errno : 0;
    if (error != 0 && !passes(error)) return error;
    if (written <= 0) continue;
    deadline_.reset();
    is_failure_told_ = false;
    if (std::exchange(ends_lost_line, false)) continue;
    rest.remove_prefix(static_cast<std::size_t>(written));
    is_amid_line_ = end_of_last_line(lines, rest) != lines.size() - rest.size();
  }
  return 0;
}

bool LineWriter::look() {
  if (!file_ || !reopen_.load(std::memory_order_relaxed) ||
      !reopen_.exchange(false, std::memory_order_acquire))
    return false;
  const Result<void> reopened = file_->reopen();
  if (!reopened) {
    LogEvent(*log_, LogLevel::kError, "log.not_reopened")
        .field("stream", stream_)
        .field("file", file_->path().string())
        .field("reason", reopened.error().text)
        .field("effect", "the file that was open is written on");
    return false;
  }
  descriptor_ = file_->fd();
  is_amid_line_ = is_failure_told_ = false;
  LogEvent(*log_, LogLevel::kInfo, "log.reopened")
      .field("stream", stream_)
      .field("file", file_->path().string());
  return true;
}

LineWriter::Wait LineWriter::wait_for_room() {
  pollfd room{descriptor_, POLLOUT, 0};
  while (::poll(&room, 1, 0) == 0) {
    if (look()) return Wait::kOtherFile;
    if (!may_wait()) return Wait::kGivenUp;
    ::poll(&room, 1, kLookMs);
  }
  return Wait::kOver;
}

/// To poll(2) a file is always ready, even on a full disk.
LineWriter::Wait LineWriter::wait_a_little(int error) {
  if (is_slow_reader(error)) return wait_for_room();
  tell_failure(error);
  if (look()) return Wait::kOtherFile;
  if (!may_wait()) return Wait::kGivenUp;
  ::poll(nullptr, 0, kLookMs);
  return wait_for_room();
}

bool LineWriter::may_wait() {
  if (!ending_.load(std::memory_order_relaxed)) return true;
  const auto now = std::chrono::steady_clock::now();
  if (!deadline_) deadline_ = now + kPatienceAtEnd;
  if (!last_deadline_) last_deadline_ = now + kLongestEnd;
  return now < std::min(*deadline_, *last_deadline_);
}

void LineWriter::tell_failure(int error) {
  if (!file_ || std::exchange(is_failure_told_, true)) return;
  LogEvent(*log_, LogLevel::kError, "log.not_written")
      .field("stream", stream_)
      .field("file", file_->path().string())
      .field("reason", std::strerror(error))
      .field("effect", effect_);
}

}  // namespace latchkey::server
