#include "latchkey/server/log_thread.h"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <bit>
#include <chrono>
#include <utility>

#include "latchkey/base/assert.h"
#include "latchkey/base/named_thread.h"

namespace latchkey::server {

namespace {

constexpr const char* kPattern = "time=%Y-%m-%dT%H:%M:%S.%eZ level=%l %v";

spdlog::level::level_enum to_spdlog(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::unique_ptr<spdlog::logger> logger_into(std::shared_ptr<spdlog::sinks::sink> sink) {
  auto logger = std::make_unique<spdlog::logger>("latchkeyd", std::move(sink));
  logger->set_formatter(
      std::make_unique<spdlog::pattern_formatter>(kPattern, spdlog::pattern_time_type::utc));
  // What is taken is written: the level was looked at before the line was queued.
  logger->set_level(spdlog::level::trace);
  return logger;
}

}  // namespace

LogThread::LogThread(const Clock& clock, LogOptions options)
    : LogThread(clock, options, std::make_shared<spdlog::sinks::stderr_sink_st>()) {}

LogThread::LogThread(const Clock& clock, LogOptions options, std::shared_ptr<spdlog::sinks::sink> sink)
    : clock_(clock),
      options_(options),
      slots_(std::make_unique<Slot[]>(options.max_waiting_lines)),
      logger_(logger_into(std::move(sink))) {
  // With one place alone a filled slot's turn would equal the next position's.
  LATCHKEY_ASSERT(std::has_single_bit(options.max_waiting_lines) && options.max_waiting_lines >= 2);
  for (std::size_t i = 0; i < options.max_waiting_lines; ++i) {
    slots_[i].turn.store(i, std::memory_order_relaxed);
  }
  thread_ = background_thread("latchkey-log", [this] { run(); });
}

LogThread::~LogThread() {
  stopping_.store(true, std::memory_order_release);
  pushes_.fetch_add(1, std::memory_order_release);
  pushes_.notify_one();
  thread_.join();
}

void LogThread::write(LogLevel level, std::string line) noexcept {
  if (level < options_.least) return;
  Entry entry{clock_.wall(), level, std::move(line)};
  if (!push(entry)) {
    dropped_lines_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  pushes_.fetch_add(1, std::memory_order_release);
  pushes_.notify_one();
}

bool LogThread::push(Entry& entry) noexcept {
  std::uint64_t position = next_to_fill_.load(std::memory_order_relaxed);
  // Bounded: each turn of the loop that ends without a place means that another thread has got one.
  while (true) {
    Slot& slot = slots_[position & (options_.max_waiting_lines - 1)];
    const std::uint64_t turn = slot.turn.load(std::memory_order_acquire);
    if (turn == position) {
      if (!next_to_fill_.compare_exchange_weak(position, position + 1, std::memory_order_relaxed)) continue;
      slot.entry = std::move(entry);
      slot.turn.store(position + 1, std::memory_order_release);
      return true;
    }
    // The place still holds the line of one round before: full.
    if (turn < position) return false;
    position = next_to_fill_.load(std::memory_order_relaxed);
  }
}

std::optional<LogThread::Entry> LogThread::pop() noexcept {
  Slot& slot = slots_[next_to_empty_ & (options_.max_waiting_lines - 1)];
  if (slot.turn.load(std::memory_order_acquire) != next_to_empty_ + 1) return std::nullopt;
  std::optional<Entry> entry(std::move(slot.entry));
  slot.turn.store(next_to_empty_ + options_.max_waiting_lines, std::memory_order_release);
  ++next_to_empty_;
  return entry;
}

void LogThread::run() noexcept {
  while (true) {
    // Read before the queue is emptied: a push that comes after changes it, and the wait returns at once.
    const std::uint32_t pushes_seen = pushes_.load(std::memory_order_acquire);
    const bool last_round = stopping_.load(std::memory_order_acquire);
    write_waiting();
    if (last_round) return;
    pushes_.wait(pushes_seen, std::memory_order_acquire);
  }
}

void LogThread::write_waiting() noexcept {
  while (const std::optional<Entry> entry = pop()) emit(*entry);
  const std::uint64_t dropped = dropped_lines();
  if (dropped == dropped_lines_told_) return;
  emit({clock_.wall(), LogLevel::kWarning,
        fmt::format("event=log.dropped lines={} reason=\"the log was written slower than it filled\"",
                    dropped - dropped_lines_told_)});
  dropped_lines_told_ = dropped;
}

void LogThread::emit(const Entry& entry) noexcept {
  const spdlog::log_clock::time_point time{std::chrono::milliseconds(entry.time.ms)};
  logger_->log(time, spdlog::source_loc{}, to_spdlog(entry.level), spdlog::string_view_t(entry.line));
}

}  // namespace latchkey::server
