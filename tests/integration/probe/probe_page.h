// What the test of the sandbox and the library inside the server under test (sandbox_probe.cc) say to each
// other, on a control page: the test names a task and signals a thread; that thread tries, and writes down
// what the kernel answered.
#pragma once

#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>

namespace latchkey::test {

inline constexpr const char* kProbePageVariable = "SANDBOX_PROBE_PAGE";
/// A thread that gets it tries. Real-time signals are left to whoever sends one.
inline int probe_signal() noexcept { return SIGRTMIN + 7; }

/// Answers that are no errno: what was tried was done; the filter of system calls caught it (SIGSYS).
inline constexpr int kDone = 0;
inline constexpr int kCaught = 1'000;
/// The thread was at work with its ring: it is to be asked again.
inline constexpr int kBusy = 1'001;

enum class ProbeTask : int {
  kNone,
  kEveryWay,        ///< each way out, one after the other
  kEveryCall,       ///< each system call that is on no list, by its number
  kSocket,          ///< one call that is a way out
  kHarmless,        ///< one call that is on no list and no way out, twice
  kOtherCallTable,  ///< a system call by the table of 32-bit programs
  kX32CallTable,
  kOwnHandler,  ///< another handler for SIGSYS
};

struct Answer {
  std::array<char, 64> way;
  int error;  ///< an errno, or one of the values above
};

struct ProbePage {
  std::atomic<ProbeTask> task;
  /// Set before the server starts: SIGSYS stays with the server's handler.
  std::atomic<int> keep_handler;
  /// Counts the tasks that are over; a futex.
  std::atomic<std::uint32_t> over;
  std::atomic<std::uint32_t> answered;
  std::array<Answer, 4096> answers;

  // Where the probe tries to get through to; all of the test's.
  std::atomic<int> process;
  std::atomic<std::uint16_t> tcp_port;
  std::atomic<std::uint16_t> udp_port;
  std::array<char, 108> stream_path;
  std::array<char, 108> datagram_path;
  std::array<char, 32> abstract_name;
};

}  // namespace latchkey::test
