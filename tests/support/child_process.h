// A program under test as a child process. It is started without a shell, its output is collected while it
// runs, and the wait for its end has a bound.
// Lifetime: the thread that started it owns it and outlives it. The kernel kills the child when that thread
// ends, so that no test leaves a server behind.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace latchkey::test {

/// How long a test waits for something that must happen. It is no measure of speed: sanitizer builds on a
/// loaded machine stay far below it.
inline constexpr std::chrono::seconds kPatience{120};

struct ChildOptions {
  std::vector<std::string> arguments;  ///< the first is the program's path
  std::string input;                   ///< its standard input, at most 64 KiB
  std::vector<std::string>
      environment;  ///< `NAME=value`, on top of the test's own without its LATCHKEY_ ones
  /// Descriptors that it gets as 3, 4 and so on, with LISTEN_FDS and LISTEN_PID, as from a service manager.
  std::vector<int> passed = {};
  /// If not 0, a seccomp filter answers io_uring_setup(2) with this errno, as a container's may.
  int io_uring_errno = 0;
  /// If not 0, the limit of its descriptors (RLIMIT_NOFILE, soft and hard).
  std::size_t descriptors = 0;
  /// The state of its signals and standard descriptors at start.
  enum class Start {
    kAsAShell,           ///< nothing ignored, nothing blocked
    kIgnoredAndBlocked,  ///< each signal ignored and blocked
    kOnATerminal,        ///< as a shell, with a terminal as standard error
    kWithoutStandard,    ///< as a shell, without standard input and output; descriptor 100 is an open socket
  } start = Start::kAsAShell;
};

class ChildProcess {
 public:
  /// Starts the program. Throws std::runtime_error if the kernel refuses.
  explicit ChildProcess(const ChildOptions& options);

  /// Kills the program if it still runs.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const noexcept { return pid_; }

  /// All output that has arrived so far.
  std::string output() const;
  std::string errors() const;

  /// Waits until standard error has a whole line that contains `text`, and returns it. Returns nothing if the
  /// program ends, or patience runs out, before that.
  std::optional<std::string> wait_for_line(std::string_view text);

  /// Nobody reads its standard error from now on, until `read_errors` or the end of this object.
  void hold_errors();
  void read_errors();
  /// Nobody can read it from now on: a write gets EPIPE.
  void close_errors();

  /// Whether its end has not been waited for.
  bool is_running() const noexcept { return !status_; }

  /// Does nothing if the program has ended and been waited for.
  void signal(int number) const noexcept;

  /// Waits for the end and for the last of the output. Returns the exit status, or minus the number of the
  /// signal that ended it. Throws std::runtime_error if patience runs out first.
  int wait();

 private:
  /// How standard error is treated.
  enum class Errors { kRead, kHeld, kClosed };

  void collect(int output, int errors);
  void set_errors(Errors wanted);

  pid_t pid_ = -1;
  int pidfd_ = -1;
  std::optional<int> status_;
  int errors_changed_ = -1;  ///< an eventfd: wakes the collector
  std::thread collector_;

  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::string output_;
  std::string errors_;
  bool collected_ = false;
  Errors errors_wanted_ = Errors::kRead;
  Errors errors_are_ = Errors::kRead;
};

/// The results of a program that ran to its end.
struct Finished {
  int status = 0;
  std::string output;
  std::string errors;
};

Finished run_to_end(const ChildOptions& options);

}  // namespace latchkey::test
