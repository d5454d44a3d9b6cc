// The log's way to standard error, or to a file of its own: spdlog's sink over a LineWriter, and a way beside
// the log.
#pragma once

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <string_view>
#include <utility>

#include "server/line_writer.h"

namespace latchkey::server {

/// Writes `text` to standard error beside the log, for when the log's thread may not get to it. Writes at
/// once, or not at all if the descriptor takes no bytes.
/// Thread: any.
void say_on_stderr(std::string_view text) noexcept;

/// Thread: only the log's thread writes, and only it waits.
/// Lifetime: the LogThread owns it.
class StderrSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit StderrSink(int descriptor = STDERR_FILENO) noexcept : writer_(descriptor) {}
  StderrSink(LogFile file, std::string_view stream, std::string_view effect, Log& log) noexcept
      : writer_(std::move(file), stream, effect, log) {}

  LineWriter& writer() noexcept { return writer_; }

 protected:
  /// Throws spdlog_ex if the line is lost; that calls the logger's error handler.
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}

 private:
  LineWriter writer_;
};

}  // namespace latchkey::server
