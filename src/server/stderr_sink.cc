#include "server/stderr_sink.h"

#include <poll.h>

namespace latchkey::server {

namespace {

constexpr int kLookMs = 50;

}  // namespace

void say_on_stderr(std::string_view text) noexcept {
  pollfd room{STDERR_FILENO, POLLOUT, 0};
  if (::poll(&room, 1, kLookMs) <= 0) return;
  // A single write, so the text stays in one piece among the log's lines.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

void StderrSink::sink_it_(const spdlog::details::log_msg& message) {
  spdlog::memory_buf_t text;
  formatter_->format(message, text);
  if (const int error = writer_.write({text.data(), text.size()}); error != 0)
    throw spdlog::spdlog_ex("the log", error);
}

}  // namespace latchkey::server
