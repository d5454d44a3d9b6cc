// Logs: where the server's lines go. What was answered or changed is the audit, and goes to `audit_log`, if
// that is set, through a queue and a thread of its own: neither a full disk there nor a reader of standard
// error who stands still holds up the other. All else goes to standard error. The access log, if there is
// one, is beside both. Lifetime: it lives in the frame of `serve_over` (server.cc) and outlives every thread
// that writes to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "latchkey/base/clock.h"
#include "latchkey/base/log.h"
#include "latchkey/base/result.h"
#include "server/access_log.h"
#include "server/log_file.h"
#include "server/log_thread.h"
#include "server/settings.h"

namespace latchkey::server {

/// The files that the settings name.
struct LogFiles {
  std::optional<LogFile> audit;
  std::optional<LogFile> access;

  /// Where they are opened again.
  std::vector<std::filesystem::path> directories() const;
};

/// Requires: the process is not confined yet.
/// Errors: those of LogFile::open.
Result<LogFiles> open_log_files(const Settings& settings);

struct LogCounts {
  std::uint64_t written = 0;
  std::uint64_t dropped = 0;
};

class Logs final : public Log {
 public:
  /// `to_journal`: whether systemd's journal reads standard error.
  /// Lifetime: `clock` must outlive it.
  Logs(const Clock& clock, const Settings& settings, LogFiles files, std::size_t cores, bool to_journal);

  void write(LogLevel level, std::string line) noexcept override { server_.write(level, std::move(line)); }
  bool reserve() noexcept override { return audit().reserve(); }
  void write_reserved(LogLevel level, std::string line) noexcept override {
    audit().write_reserved(level, std::move(line));
  }
  void give_back() noexcept override { audit().give_back(); }

  /// Opens the files again, each on its own thread, which says so in the server's log. Returns how many there
  /// are.
  /// Thread: any.
  std::size_t reopen() noexcept;

  /// Of the server's log, lines below `least` are dropped from now on.
  /// Thread: any.
  void set_least(LogLevel least) noexcept { server_.set_least(least); }

  /// As AccessLog::name_resources, if there is an access log.
  void name_resources(std::span<const std::string_view> paths) {
    if (access_) access_->name_resources(paths);
  }

  /// Null if there is none.
  AccessLog* access() noexcept { return access_.get(); }

  /// Thread: any.
  LogCounts server_counts() const noexcept;
  LogCounts audit_counts() const noexcept;
  LogCounts access_counts() const noexcept;

 private:
  LogThread& audit() noexcept { return audit_ ? *audit_ : server_; }

  LogThread server_;
  std::unique_ptr<LogThread> audit_;
  std::unique_ptr<AccessLog> access_;
};

}  // namespace latchkey::server
