// StderrSink: standard error as the log's sink. If the descriptor takes no bytes for a while (a pipe that is
// read slowly, non-blocking or not; a stopped terminal; a full disk), the sink waits, so that a slow reader
// loses nothing that the log's queue can hold. If the descriptor fails for good (the reader has gone), the
// line is lost.
// Thread: only the log's thread writes, and only it waits.
// Lifetime: the LogThread owns it.
#pragma once

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <string_view>

namespace latchkey::server {

/// Writes `text` to standard error beside the log, for when the log's thread may not get to it. Writes at
/// once, or not at all if the descriptor takes no bytes.
/// Thread: any.
void say_on_stderr(std::string_view text) noexcept;

class StderrSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  /// Once the server ends: how long to wait for a descriptor that takes no byte, and how long in all.
  static constexpr std::chrono::milliseconds kPatienceAtEnd{1000};
  static constexpr std::chrono::milliseconds kLongestEnd{10'000};

  explicit StderrSink(int descriptor = STDERR_FILENO) noexcept : descriptor_(descriptor) {}

  /// The server ends: from here on waits are bounded.
  /// Thread: any.
  void end_soon() noexcept { ending_.store(true, std::memory_order_relaxed); }

 protected:
  /// Throws spdlog_ex if the line is lost; that calls the logger's error handler.
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}

 private:
  void write(std::string_view text);
  bool wait_for_room(bool is_full);
  bool may_wait();

  const int descriptor_;
  std::atomic<bool> ending_{false};
  /// Once the server ends: when to give up if no byte is taken, and when to give up in any case.
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  std::optional<std::chrono::steady_clock::time_point> last_deadline_;
  bool is_amid_line_ = false;  ///< part of the last line was lost
};

}  // namespace latchkey::server
