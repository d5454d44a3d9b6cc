// The server's log: lines are taken from any thread without a lock and written by one thread of its own,
// since a core thread must never wait for a disk or a terminal. The main function owns it; it outlives every
// thread that writes to it.
//
// The queue has two rooms. A common line that finds its room full is dropped and counted, and the log says
// how many. A line on what is answered has a place in a room of its own, taken before the answer's work is
// done (LogRoom), so that it is never dropped; whoever finds that room full has to wait for it. All lines are
// written in the order in which they came.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "latchkey/base/clock.h"
#include "latchkey/base/log.h"

namespace spdlog {
class logger;
namespace sinks {
class sink;
}
}  // namespace spdlog

namespace latchkey::server {

struct LogOptions {
  /// What is below it is dropped by the thread that has it, at the cost of a comparison.
  LogLevel least = LogLevel::kInfo;
  /// Common lines that may wait to be written; at least 1. At some 200 bytes a line the default holds 1 MiB.
  std::size_t max_waiting_lines = 4096;
  /// Lines on what is answered that may wait to be written, or for which room is held; at least 1. So many of
  /// them a kill can lose at most, where nobody reads the log.
  std::size_t max_answered_lines = 1024;
};

class StderrSink;

class LogThread final : public Log {
 public:
  /// Writes to standard error, `time=2013-09-05T21:46:35.729Z level=info event=...`, each line when it comes.
  /// `clock` gives the time of a line, read on the thread that writes it, and outlives the log.
  explicit LogThread(const Clock& clock, LogOptions options = {});

  /// The same onto the descriptor of `sink`.
  LogThread(const Clock& clock, LogOptions options, std::shared_ptr<StderrSink> sink);

  /// The same into another sink; only the log's own thread touches it from here on.
  LogThread(const Clock& clock, LogOptions options, std::shared_ptr<spdlog::sinks::sink> sink);

  /// Writes every line that was taken before, then ends the thread. Where standard error takes no bytes for
  /// StderrSink::kPatienceAtEnd, the rest is lost. No other thread may be writing any more.
  ~LogThread() override;
  LogThread(const LogThread&) = delete;
  LogThread& operator=(const LogThread&) = delete;

  /// Any thread. Never blocks: at most one futex wake where the log's thread sleeps.
  void write(LogLevel level, std::string line) noexcept override;

  /// Room for one line on what is answered. Any thread; never blocks.
  bool reserve() noexcept override;
  void write_reserved(LogLevel level, std::string line) noexcept override;
  void give_back() noexcept override;

  /// Lines lost since the start, because their room was full or the sink failed. Any thread.
  std::uint64_t dropped_lines() const noexcept { return dropped_lines_.load(std::memory_order_relaxed); }

 private:
  struct Entry {
    WallTime time;
    LogLevel level = LogLevel::kInfo;
    bool reserved = false;
    std::string line;
  };

  /// One place of the ring. `turn` says whose it is: position p may be filled when it is p, and emptied when
  /// it is p + 1; emptying hands it to position p + ring size (D. Vyukov's bounded queue).
  struct Slot {
    std::atomic<std::uint64_t> turn{0};
    Entry entry;
  };

  bool take_place(bool reserved) noexcept;
  void leave_place(bool reserved) noexcept;
  void push(Entry entry) noexcept;
  std::optional<Entry> pop() noexcept;
  void run() noexcept;
  void write_waiting() noexcept;
  void tell_dropped() noexcept;
  bool emit(const Entry& entry) noexcept;

  const Clock& clock_;
  const LogOptions options_;
  const std::uint64_t ring_mask_;  ///< its places, less one
  const std::unique_ptr<Slot[]> slots_;
  std::shared_ptr<StderrSink> stderr_;  ///< where it is the sink
  const std::unique_ptr<spdlog::logger> logger_;

  /// Places taken: of common lines in the lower half, of reserved ones in the upper. One word, so that
  /// whoever takes a place sees every place that was left before.
  alignas(64) std::atomic<std::uint64_t> places_{0};
  std::atomic<std::uint64_t> next_to_fill_{0};
  std::atomic<std::uint64_t> dropped_lines_{0};
  /// Counts the pushes (modulo 2^32), for the log's thread to sleep on.
  alignas(64) std::atomic<std::uint32_t> pushes_{0};
  std::atomic<bool> stopping_{false};
  /// Of the log's thread alone.
  alignas(64) std::uint64_t next_to_empty_ = 0;
  std::uint64_t dropped_lines_told_ = 0;
  bool has_failed_ = false;  ///< the sink, at the last line

  std::thread thread_;
};

}  // namespace latchkey::server
