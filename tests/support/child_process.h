// A program under test as a child: started without a shell, its output collected while it runs, its end
// waited for with a bound. Owned by the thread that started it, which must outlive it: the kernel kills the
// child when that thread ends, so that no test leaves a server behind.
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

/// How long a test waits for what must come. It is no measure of speed: sanitizer builds on a loaded machine
/// stay far below it.
inline constexpr std::chrono::seconds kPatience{120};

struct ChildOptions {
  std::vector<std::string> arguments;  ///< the first is the program's path
  std::string input;                   ///< its standard input, at most 64 KiB
  std::vector<std::string>
      environment;  ///< `NAME=value`, on top of the test's own without its LATCHKEY_ ones
  /// Where not 0: a seccomp filter answers io_uring_setup(2) with this errno, as a container's may.
  int io_uring_errno = 0;
  /// Where not 0: how many descriptors it may have (RLIMIT_NOFILE, soft and hard).
  std::size_t descriptors = 0;
  /// How it finds its signals and standard descriptors.
  enum class Start {
    kAsAShell,           ///< nothing ignored, nothing blocked
    kIgnoredAndBlocked,  ///< each signal ignored and blocked
    kOnATerminal,        ///< as a shell, with a terminal as standard error
    kWithoutStandard,  ///< as a shell, without standard input and output; a socket is open as descriptor 100
  } start = Start::kAsAShell;
};

class ChildProcess {
 public:
  /// Starts the program. Throws std::runtime_error where the kernel refuses.
  explicit ChildProcess(const ChildOptions& options);

  /// Kills it if it still runs.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const noexcept { return pid_; }

  /// Everything that has arrived so far.
  std::string output() const;
  std::string errors() const;

  /// Waits until standard error has a whole line with `text` in it, and gives it; nothing when the program
  /// has ended, or patience has, without one.
  std::optional<std::string> wait_for_line(std::string_view text);

  /// From here on nobody reads its standard error, until `read_errors` or the end of the object.
  void hold_errors();
  void read_errors();
  /// From here on nobody can: who writes there is told EPIPE.
  void close_errors();

  /// Whether its end has not been waited for yet.
  bool is_running() const noexcept { return !status_; }

  /// Does nothing where the program has ended and been waited for.
  void signal(int number) const noexcept;

  /// Waits for the end, and for the last of the output. The exit status, or minus the number of the signal
  /// that ended it. Throws std::runtime_error when patience ends first.
  int wait();

 private:
  /// What becomes of standard error.
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

/// What a program that ran to its end left.
struct Finished {
  int status = 0;
  std::string output;
  std::string errors;
};

Finished run_to_end(const ChildOptions& options);

}  // namespace latchkey::test
