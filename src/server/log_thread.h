// LogThread: the server's log. Any thread hands over a line without a lock, and the log's own thread writes
// it, because a core thread must never wait for a disk or a terminal.
// Lifetime: it lives in the frame of `serve_over` (server.cc) and outlives every thread that writes to it.
//
// The queue has two rooms. A common line that finds its room full is dropped and counted, and the log reports
// how many were. A line about what is answered has a place in a room of its own, taken before the answer's
// work is done (LogRoom), so it is never dropped; a caller that finds that room full must wait. All lines are
// written in the order in which they arrived.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "latchkey/base/clock.h"
#include "latchkey/base/counter.h"
#include "latchkey/base/log.h"
#include "server/log_line.h"

namespace spdlog {
class logger;
namespace sinks {
class sink;
}
}  // namespace spdlog

namespace latchkey::server {

struct LogOptions {
  /// Lines below this level are dropped on the calling thread, at the cost of one comparison.
  LogLevel least = LogLevel::kInfo;
  /// Common lines that may wait to be written; at least 1. The default holds 1 MiB at 200 bytes per line.
  std::size_t max_waiting_lines = 4096;
  /// Lines about what is answered that may wait to be written or have room reserved; at least 1. If nobody
  /// reads the log, a kill loses at most this many.
  std::size_t max_answered_lines = 1024;
  LogFormat format = LogFormat::kLogfmt;
  /// systemd's journal reads the lines, so each begins with its level in the journal's own spelling.
  bool to_journal = false;
};

class StderrSink;

class LogThread final : public Log {
 public:
  /// Writes each line to standard error as it arrives: in logfmt,
  /// `time=2013-09-05T21:46:35.729Z level=info event=...`.
  /// A line's time is read from `clock` on the calling thread.
  /// Lifetime: `clock` must outlive the log.
  explicit LogThread(const Clock& clock, LogOptions options = {});

  /// The same, to the descriptor or the file of `sink`.
  LogThread(const Clock& clock, LogOptions options, const std::shared_ptr<StderrSink>& sink);

  /// The same, to another sink.
  /// Thread: from here on only the log's own thread touches the sink.
  LogThread(const Clock& clock, LogOptions options, std::shared_ptr<spdlog::sinks::sink> sink)
      : LogThread(clock, options, std::move(sink), nullptr) {}

  /// Writes every line taken so far, then ends the thread. If standard error takes no bytes for
  /// LineWriter::kPatienceAtEnd, the rest is lost.
  /// Requires: no other thread writes any more.
  ~LogThread() override;
  LogThread(const LogThread&) = delete;
  LogThread& operator=(const LogThread&) = delete;

  /// Thread: any. Never blocks: at most one futex wake, if the log's thread sleeps.
  void write(LogLevel level, std::string line) noexcept override;

  /// Reserves room for one line about what is answered.
  /// Thread: any; never blocks.
  bool reserve() noexcept override;
  void write_reserved(LogLevel level, std::string line) noexcept override;
  void give_back() noexcept override;

  /// Lines below `least` are dropped from now on.
  /// Thread: any.
  void set_least(LogLevel least) noexcept { least_.store(least, std::memory_order_relaxed); }
  /// Opens the file of the sink again, between two lines.
  /// Thread: any.
  void ask_to_reopen() noexcept;

  /// Lines lost since the start because their room was full or the sink failed.
  /// Thread: any.
  std::uint64_t dropped_lines() const noexcept { return dropped_lines_.load(std::memory_order_relaxed); }
  /// Of these, lines about what is answered.
  std::uint64_t dropped_answered_lines() const noexcept { return dropped_answered_lines_.value(); }
  /// Lines written since the start, without those about what is answered, and those alone.
  /// Thread: any.
  std::uint64_t written_common_lines() const noexcept { return written_common_lines_.value(); }
  std::uint64_t written_answered_lines() const noexcept { return written_answered_lines_.value(); }

 private:
  struct Entry {
    WallTime time;
    LogLevel level = LogLevel::kInfo;
    bool reserved = false;
    std::string line;
  };

  /// One place of the ring. `turn` says who may use it: position p may be filled when it is p, and emptied
  /// when it is p + 1. Emptying hands it to position p + ring size (D. Vyukov's bounded queue).
  struct Slot {
    std::atomic<std::uint64_t> turn{0};
    Entry entry;
  };

  LogThread(const Clock& clock, LogOptions options, std::shared_ptr<spdlog::sinks::sink> sink,
            std::shared_ptr<StderrSink> if_stderr);

  bool take_place(bool reserved) noexcept;
  void leave_place(bool reserved) noexcept;
  void push(Entry entry) noexcept;
  void wake() noexcept;
  std::optional<Entry> pop() noexcept;
  void run() noexcept;
  void write_waiting() noexcept;
  void tell_dropped() noexcept;
  bool emit(const Entry& entry) noexcept;

  const Clock& clock_;
  const LogOptions options_;
  std::atomic<LogLevel> least_;    ///< written at a reload alone
  const std::uint64_t ring_mask_;  ///< the number of places, less one
  const std::unique_ptr<Slot[]> slots_;
  const std::shared_ptr<StderrSink> stderr_;  ///< if it is the sink
  const std::unique_ptr<spdlog::logger> logger_;

  /// Places taken: common lines in the lower half, reserved ones in the upper. One word, so that a thread
  /// that takes a place sees every place that was left before.
  alignas(64) std::atomic<std::uint64_t> places_{0};
  std::atomic<std::uint64_t> next_to_fill_{0};
  std::atomic<std::uint64_t> dropped_lines_{0};
  /// Counts the pushes (modulo 2^32). The log's thread sleeps on it.
  alignas(64) std::atomic<std::uint32_t> pushes_{0};
  std::atomic<bool> stopping_{false};
  /// Thread: the log's alone.
  alignas(64) std::uint64_t next_to_empty_ = 0;
  Counter written_common_lines_;
  Counter written_answered_lines_;
  Counter dropped_answered_lines_;
  std::uint64_t dropped_lines_told_ = 0;
  bool has_failed_ = false;  ///< whether the sink lost the last line

  std::thread thread_;
};

}  // namespace latchkey::server
