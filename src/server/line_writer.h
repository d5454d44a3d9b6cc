// LineWriter: writes lines to a descriptor and waits for as long as it takes none: a pipe that is read
// slowly, non-blocking or not; a stopped terminal; a full disk. Of standard error, what fails for good (the
// reader has gone) is lost. A file of its own is tried again whatever the error, and opened again when that
// is asked for. Thread: one of the log's own writes, and only it waits.
#pragma once

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include "latchkey/base/log.h"
#include "server/log_file.h"

namespace latchkey::server {

class LineWriter {
 public:
  /// Once the server ends: how long to wait for a descriptor that takes no byte, and how long in all.
  static constexpr std::chrono::milliseconds kPatienceAtEnd{1000};
  static constexpr std::chrono::milliseconds kLongestEnd{10'000};

  /// Does not own the descriptor.
  explicit LineWriter(int descriptor = STDERR_FILENO) noexcept : descriptor_(descriptor) {}
  /// `log` is told when the file is opened again, and when it takes no lines. `stream` is what the file has:
  /// `audit` or `access`. `effect` says what comes of lines that cannot be written.
  /// Lifetime: `log` outlives it; the texts have static storage.
  LineWriter(LogFile file, std::string_view stream, std::string_view effect, Log& log) noexcept
      : descriptor_(file.fd()), file_(std::move(file)), stream_(stream), effect_(effect), log_(&log) {}

  /// Writes whole lines. Returns 0, or why they are lost, at least in part (errno).
  int write(std::string_view lines);
  /// Opens the file again if that was asked for. True if it did.
  bool look();

  /// The server ends: from here on waits are bounded.
  /// Thread: any.
  void end_soon() noexcept { ending_.store(true, std::memory_order_relaxed); }
  /// From here on `look` and `write` use what stands at the file's path now. False if there is no file.
  /// Thread: any.
  bool ask_to_reopen() noexcept {
    if (is_file_) reopen_.store(true, std::memory_order_release);
    return is_file_;
  }

 private:
  enum class Wait : unsigned char { kOver, kGivenUp, kOtherFile };

  bool passes(int error) const noexcept;
  Wait wait_for_room();
  Wait wait_a_little(int error);
  bool may_wait();
  void tell_failure(int error);

  int descriptor_;
  std::optional<LogFile> file_;
  const bool is_file_ = file_.has_value();
  std::string_view stream_{};
  std::string_view effect_{};
  Log* log_ = nullptr;
  std::atomic<bool> ending_{false};
  std::atomic<bool> reopen_{false};
  /// Once the server ends: when to give up if no byte is taken, and when to give up in any case.
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  std::optional<std::chrono::steady_clock::time_point> last_deadline_;
  bool is_amid_line_ = false;     ///< part of the last line was lost
  bool is_failure_told_ = false;  ///< and nothing has been written since
};

}  // namespace latchkey::server
