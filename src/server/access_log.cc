#include "server/access_log.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "latchkey/base/assert.h"
#include "latchkey/base/named_thread.h"

namespace latchkey::server {

namespace {

// How long the thread sleeps when it has found nothing, and when it has. A ring holds the requests of a core
// for longer than that.
constexpr std::chrono::milliseconds kIdleSleep{50};
constexpr std::chrono::milliseconds kBusySleep{10};

constexpr std::uint64_t kMicrosecondsPerMillisecond = 1000;

}  // namespace

std::string access_line(const http::AccessRecord& record, std::size_t core, std::string_view resource,
                        LogFormat format) {
  std::string line;
  line.reserve(256);
  const auto number = [&line](std::string_view key, std::uint64_t value) {
    append_log_field(line, key, std::to_string(value));
  };
  number("core", core);
  const bool names_peer = !record.client && !record.is_unix_peer;
  if (names_peer) append_log_field(line, "address", record.peer.to_text());
  if (record.client) append_log_field(line, "address", record.client->to_text());
  if (!names_peer) append_log_field(line, "proxy", record.is_unix_peer ? "unix" : record.peer.to_text());
  number("status", record.status);
  if (!record.method.empty()) append_log_field(line, "method", record.method);
  append_log_field(line, "resource", resource);
  if (!record.result.empty()) append_log_field(line, "result", record.result);
  if (record.user_id != 0) append_log_field(line, "user_id", std::to_string(record.user_id));
  number("bytes", record.bytes);
  number("duration_us", record.duration_ms * kMicrosecondsPerMillisecond);
  number("sample", record.sample);
  if (record.more != 0) number("more", record.more);
  append_log_field(line, "log", "access");
  const std::size_t kept = std::min<std::size_t>(record.agent_bytes, record.agent.size());
  if (record.agent_bytes != 0)
    append_log_text(line, "agent", {record.agent.data(), kept}, record.agent_bytes);
  return plain_line(format, record.time, std::string_view(line).substr(1));
}

AccessLog::AccessLog(const AccessLogOptions& options, std::size_t cores, std::unique_ptr<LineWriter> writer)
    : options_(options), writer_(std::move(writer)) {
  for (std::size_t i = 0; i < cores; ++i) rings_.push_back(std::make_unique<http::AccessRing>(options.rules));
  thread_ = background_thread("latchkey-access", [this] { run(); });
}

AccessLog::~AccessLog() {
  writer_->end_soon();
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  ends_.notify_one();
  thread_.join();
}

void AccessLog::name_resources(std::span<const std::string_view> paths) {
  resources_.assign(paths.begin(), paths.end());
}

std::uint64_t AccessLog::dropped_lines() const noexcept {
  std::uint64_t dropped = lost_.value();
  for (const auto& ring : rings_) dropped += ring->dropped();
  return dropped;
}

void AccessLog::run() noexcept {
  bool last_round = false;
  while (!last_round) {
    {
      std::unique_lock lock(mutex_);
      last_round = ending_;
    }
    writer_->look();
    const std::size_t lines = write_all();
    std::unique_lock lock(mutex_);
    if (!last_round) ends_.wait_for(lock, lines == 0 ? kIdleSleep : kBusySleep, [this] { return ending_; });
  }
}

/// Takes what is in the rings now, one core after the other.
std::size_t AccessLog::write_all() {
  std::size_t lines = 0;
  for (std::size_t core = 0; core < rings_.size(); ++core) {
    http::AccessRing& ring = *rings_[core];
    for (std::size_t taken = 0; taken < http::AccessRing::kRecords; ++taken) {
      const http::AccessRecord* const record = ring.front();
      if (record == nullptr) break;
      LATCHKEY_ASSERT(record->resource < resources_.size());
      std::string line(options_.to_journal ? journal_prefix(LogLevel::kInfo) : std::string_view());
      line += access_line(*record, core, resources_[record->resource], options_.format);
      ring.pop();
      if (!batch_.empty() && batch_.size() + line.size() + 1 > options_.batch_bytes) write_batch();
      batch_.append(line).append(1, '\n');
      ++batch_lines_;
      ++lines;
    }
  }
  write_batch();
  return lines;
}

void AccessLog::write_batch() {
  if (batch_.empty()) return;
  (writer_->write(batch_) == 0 ? written_ : lost_).add(batch_lines_);
  batch_.clear();
  batch_lines_ = 0;
}

}  // namespace latchkey::server
