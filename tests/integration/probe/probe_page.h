// The control page that the test of the sandbox shares with the library inside the server under test
// (sandbox_probe.cc). The test names a task and signals a thread. That thread tries the task, and writes down
// what the kernel answered.
#pragma once

#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>

namespace latchkey::test {

inline constexpr const char* kProbePageVariable = "SANDBOX_PROBE_PAGE";
/// A thread that gets this signal tries the task. The server leaves real-time signals to whoever sends one.
inline int probe_signal() noexcept { return SIGRTMIN + 7; }

/// Answers that are no errno. kDone: the attempt succeeded. kCaught: the filter of system calls caught it
/// (SIGSYS).
inline constexpr int kDone = 0;
inline constexpr int kCaught = 1'000;
/// The thread was busy with its ring and has to be asked again.
inline constexpr int kBusy = 1'001;

enum class ProbeTask : int {
  kNone,
  kEveryWay,        ///< each way out, one after the other
  kEveryCall,       ///< each system call that is on no list, by its number
  kSocket,          ///< one call that is a way out
  kHarmless,        ///< one call that is on no list and is no way out, twice
  kOtherCallTable,  ///< a system call by the table of 32-bit programs
  kX32CallTable,
  kOwnHandler,  ///< another handler for SIGSYS
  kSpin,        ///< nothing, for as long as this is the task: the thread does no work
};

struct Answer {
  std::array<char, 64> way;
  int error;  ///< an errno, or one of the values above
};

struct ProbePage {
  std::atomic<ProbeTask> task;
  /// Set before the server starts, to leave SIGSYS to the server's handler.
  std::atomic<int> keep_handler;
  /// While it is 1, the thread that loads the sessions does not begin.
  std::atomic<int> hold_load;
  /// Counts the threads that have begun to spin.
  std::atomic<std::uint32_t> spinning;
  /// Counts finished tasks; a futex.
  std::atomic<std::uint32_t> over;
  std::atomic<std::uint32_t> answered;
  std::array<Answer, 4096> answers;

  // What the probe tries to reach. All of these belong to the test.
  std::atomic<int> process;
  std::atomic<std::uint16_t> tcp_port;
  std::atomic<std::uint16_t> udp_port;
  std::array<char, 108> stream_path;
  std::array<char, 108> datagram_path;
  std::array<char, 32> abstract_name;
};

}  // namespace latchkey::test
