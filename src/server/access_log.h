// AccessLog: a line for each request, or for some of them (`access_log_lines`). The cores put records into
// rings of their own (http::AccessRing), and the thread of this log takes them out, many at once, and writes
// them. A core wakes nobody for a line: the thread looks by itself. If the file or standard error is slower
// than the requests, records are dropped and counted.
// Lifetime: it lives in the frame of `serve_over` (server.cc) and outlives the cores.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "latchkey/base/counter.h"
#include "latchkey/http/access_ring.h"
#include "server/line_writer.h"
#include "server/log_line.h"

namespace latchkey::server {

struct AccessLogOptions {
  http::AccessRules rules;
  LogFormat format = LogFormat::kLogfmt;
  bool to_journal = false;
  /// Whole lines that are written at once. Up to PIPE_BUF bytes, lines of others do not get between them.
  std::size_t batch_bytes = std::size_t{64} * 1024;
};

/// The line of a record, without its end. `core` is the number of the core that had the request.
std::string access_line(const http::AccessRecord& record, std::size_t core, std::string_view resource,
                        LogFormat format);

class AccessLog {
 public:
  AccessLog(const AccessLogOptions& options, std::size_t cores, std::unique_ptr<LineWriter> writer);
  /// Writes every record put so far, within LineWriter's patience.
  /// Requires: no core puts any more.
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  http::AccessRing& ring_of(std::size_t core) noexcept { return *rings_[core]; }
  /// What the resources are called, by their numbers.
  /// Requires: no core has put a record yet.
  void name_resources(std::span<const std::string_view> paths);

  /// False if it is on standard error, which is not opened again.
  /// Thread: any.
  bool ask_to_reopen() noexcept { return writer_->ask_to_reopen(); }
  std::uint64_t written_lines() const noexcept { return written_.value(); }
  std::uint64_t dropped_lines() const noexcept;

 private:
  void run() noexcept;
  std::size_t write_all();
  void write_batch();

  const AccessLogOptions options_;
  const std::unique_ptr<LineWriter> writer_;
  std::vector<std::unique_ptr<http::AccessRing>> rings_;
  std::vector<std::string> resources_;
  Counter written_;
  Counter lost_;  ///< taken out of a ring, and not written

  /// Thread: the log's alone.
  std::string batch_;
  std::size_t batch_lines_ = 0;

  std::mutex mutex_;
  std::condition_variable ends_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace latchkey::server
