// StderrSink: standard error as the log's sink. It waits where a descriptor takes no bytes for a while (a
// pipe that is read slowly, non-blocking or not; a terminal that is stopped; a full disk), so that a slow
// reader loses nothing that the log's queue can hold; and it loses the line where the descriptor fails for
// good (the reader has gone). No thread but the log's waits for it. Made by the LogThread; its thread alone
// writes.
#pragma once

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <string_view>

namespace latchkey::server {

/// Says `text` on standard error beside the log, where the log's thread may not come to it: at once, or not
/// at all where the descriptor takes no bytes. Any thread.
void say_on_stderr(std::string_view text) noexcept;

class StderrSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  /// Once the server ends: so long a descriptor is waited for that takes no byte, and so long in all.
  static constexpr std::chrono::milliseconds kPatienceAtEnd{1000};
  static constexpr std::chrono::milliseconds kLongestEnd{10'000};

  explicit StderrSink(int descriptor = STDERR_FILENO) noexcept : descriptor_(descriptor) {}

  /// The server ends: from here on patience is bounded. Any thread.
  void end_soon() noexcept { ending_.store(true, std::memory_order_relaxed); }

 protected:
  /// Throws spdlog_ex where the line is lost; the logger's error handler hears of it.
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}

 private:
  void write(std::string_view text);
  bool wait_for_room(bool is_full);
  bool may_wait();

  const int descriptor_;
  std::atomic<bool> ending_{false};
  /// Once it ends: when it is given up if no byte is taken, and whatever is taken.
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  std::optional<std::chrono::steady_clock::time_point> last_deadline_;
  bool is_amid_line_ = false;  ///< the last line was lost in part
};

}  // namespace latchkey::server
