#include "server/logs.h"

#include <climits>
#include <utility>

#include "latchkey/base/assert.h"
#include "server/stderr_sink.h"

namespace latchkey::server {

namespace {

constexpr std::string_view kAudit = "audit";
constexpr std::string_view kAccess = "access";
constexpr std::string_view kAuditEffect =
    "logins and changes wait for it, and are refused with 503 once 1024 lines wait";
constexpr std::string_view kAccessEffect = "lines are dropped and counted";

std::unique_ptr<LogThread> audit_thread(const Clock& clock, LogFormat format, std::optional<LogFile> file,
                                        Log& log) {
  if (!file) return nullptr;
  LogOptions options{.max_waiting_lines = 1, .format = format};
  // Whatever `log_level` says: it is about the server's own log.
  options.least = LogLevel::kDebug;
  return std::make_unique<LogThread>(
      clock, options, std::make_shared<StderrSink>(*std::move(file), kAudit, kAuditEffect, log));
}

std::unique_ptr<AccessLog> access_log(const Settings& settings, std::optional<LogFile> file,
                                      std::size_t cores, bool to_journal, Log& log) {
  if (settings.access_log.empty()) return nullptr;
  const std::optional<http::AccessRules> rules = http::AccessRules::parse(settings.access_log_lines);
  LATCHKEY_ASSERT(rules.has_value());
  AccessLogOptions options{.rules = *rules, .format = settings.log_format};
  if (file) {
    return std::make_unique<AccessLog>(
        options, cores, std::make_unique<LineWriter>(*std::move(file), kAccess, kAccessEffect, log));
  }
  options.to_journal = to_journal;
  options.batch_bytes = PIPE_BUF;
  return std::make_unique<AccessLog>(options, cores, std::make_unique<LineWriter>());
}

}  // namespace

std::vector<std::filesystem::path> LogFiles::directories() const {
  std::vector<std::filesystem::path> found;
  for (const std::optional<LogFile>* const file : {&audit, &access}) {
    if (*file) found.push_back((*file)->path().parent_path());
  }
  return found;
}

Result<LogFiles> open_log_files(const Settings& settings) {
  LogFiles files;
  if (!settings.audit_log.empty()) {
    LATCHKEY_TRY(LogFile audit, LogFile::open("audit_log", settings.audit_log));
    files.audit.emplace(std::move(audit));
  }
  if (!settings.access_log.empty() && settings.access_log != kAccessLogOnStderr) {
    LATCHKEY_TRY(LogFile access, LogFile::open("access_log", settings.access_log));
    files.access.emplace(std::move(access));
  }
  return files;
}

Logs::Logs(const Clock& clock, const Settings& settings, LogFiles files, std::size_t cores, bool to_journal)
    : server_(
          clock,
          LogOptions{.least = settings.log_level, .format = settings.log_format, .to_journal = to_journal}),
      audit_(audit_thread(clock, settings.log_format, std::move(files.audit), server_)),
      access_(access_log(settings, std::move(files.access), cores, to_journal, server_)) {}

std::size_t Logs::reopen() noexcept {
  std::size_t files = 0;
  if (audit_) {
    audit_->ask_to_reopen();
    ++files;
  }
  if (access_ && access_->ask_to_reopen()) ++files;
  return files;
}

LogCounts Logs::server_counts() const noexcept {
  return {server_.written_common_lines(), server_.dropped_lines() - server_.dropped_answered_lines()};
}

LogCounts Logs::audit_counts() const noexcept {
  const LogThread& from = audit_ ? *audit_ : server_;
  return {from.written_answered_lines(), from.dropped_answered_lines()};
}

LogCounts Logs::access_counts() const noexcept {
  return access_ ? LogCounts{access_->written_lines(), access_->dropped_lines()} : LogCounts{};
}

}  // namespace latchkey::server
