#include "server/log_thread.h"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>

#include <bit>
#include <utility>

#include "latchkey/base/assert.h"
#include "latchkey/base/named_thread.h"
#include "server/stderr_sink.h"

namespace latchkey::server {

namespace {

// `log_line` writes the whole line.
constexpr const char* kPattern = "%v";

// After this many lines in a row the log reports what it has dropped, even if more lines wait.
constexpr std::size_t kLinesBetweenCounts = 256;

constexpr unsigned kReservedShift = 32;
constexpr std::uint64_t kCommonPlaces = (std::uint64_t{1} << kReservedShift) - 1;
constexpr std::uint64_t place(bool reserved) noexcept {
  return reserved ? std::uint64_t{1} << kReservedShift : std::uint64_t{1};
}

std::unique_ptr<spdlog::logger> logger_into(std::shared_ptr<spdlog::sinks::sink> sink) {
  auto logger = std::make_unique<spdlog::logger>("latchkeyd", std::move(sink));
  logger->set_formatter(std::make_unique<spdlog::pattern_formatter>(kPattern));
  // The level was checked before the line was queued, so every line that arrives is written.
  logger->set_level(spdlog::level::trace);
  return logger;
}

}  // namespace

LogThread::LogThread(const Clock& clock, LogOptions options)
    : LogThread(clock, options, std::make_shared<StderrSink>()) {}

LogThread::LogThread(const Clock& clock, LogOptions options, const std::shared_ptr<StderrSink>& sink)
    : LogThread(clock, options, sink, sink) {}

LogThread::LogThread(const Clock& clock, LogOptions options, std::shared_ptr<spdlog::sinks::sink> sink,
                     std::shared_ptr<StderrSink> if_stderr)
    : clock_(clock),
      options_(options),
      least_(options.least),
      // With a single place a filled slot's turn would equal the next position's.
      ring_mask_(std::bit_ceil(options.max_waiting_lines + options.max_answered_lines) - 1),
      slots_(std::make_unique<Slot[]>(ring_mask_ + 1)),
      stderr_(std::move(if_stderr)),
      logger_(logger_into(std::move(sink))) {
  LATCHKEY_ASSERT(options.max_waiting_lines >= 1 && options.max_answered_lines >= 1);
  for (std::uint64_t i = 0; i <= ring_mask_; ++i) slots_[i].turn.store(i, std::memory_order_relaxed);
  logger_->set_error_handler([this](const std::string&) { has_failed_ = true; });
  thread_ = background_thread("latchkey-log", [this] { run(); });
}

LogThread::~LogThread() {
  if (stderr_) stderr_->writer().end_soon();
  stopping_.store(true, std::memory_order_release);
  wake();
  thread_.join();
}

void LogThread::ask_to_reopen() noexcept {
  if (!stderr_) return;
  stderr_->writer().ask_to_reopen();
  wake();
}

void LogThread::write(LogLevel level, std::string line) noexcept {
  if (level < least_.load(std::memory_order_relaxed)) return;
  if (!take_place(false)) {
    dropped_lines_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  push({clock_.wall(), level, false, std::move(line)});
}

bool LogThread::reserve() noexcept { return take_place(true); }

void LogThread::write_reserved(LogLevel level, std::string line) noexcept {
  if (level < least_.load(std::memory_order_relaxed)) return give_back();
  push({clock_.wall(), level, true, std::move(line)});
}

void LogThread::give_back() noexcept { leave_place(true); }

bool LogThread::take_place(bool reserved) noexcept {
  std::uint64_t taken = places_.load(std::memory_order_relaxed);
  // Bounded: a round that ends without a place means that another thread has taken or left one.
  while (true) {
    const bool is_full = reserved ? taken >> kReservedShift >= options_.max_answered_lines
                                  : (taken & kCommonPlaces) >= options_.max_waiting_lines;
    if (is_full) return false;
    if (places_.compare_exchange_weak(taken, taken + place(reserved), std::memory_order_acq_rel,
                                      std::memory_order_relaxed)) {
      return true;
    }
  }
}

void LogThread::leave_place(bool reserved) noexcept {
  places_.fetch_sub(place(reserved), std::memory_order_release);
}

// Requires: the caller has taken a place, so the ring is never full.
void LogThread::push(Entry entry) noexcept {
  const std::uint64_t position = next_to_fill_.fetch_add(1, std::memory_order_relaxed);
  Slot& slot = slots_[position & ring_mask_];
  LATCHKEY_ASSERT(slot.turn.load(std::memory_order_acquire) == position);
  slot.entry = std::move(entry);
  slot.turn.store(position + 1, std::memory_order_release);
  wake();
}

void LogThread::wake() noexcept {
  pushes_.fetch_add(1, std::memory_order_release);
  pushes_.notify_one();
}

std::optional<LogThread::Entry> LogThread::pop() noexcept {
  Slot& slot = slots_[next_to_empty_ & ring_mask_];
  if (slot.turn.load(std::memory_order_acquire) != next_to_empty_ + 1) return std::nullopt;
  std::optional<Entry> entry(std::move(slot.entry));
  slot.turn.store(next_to_empty_ + ring_mask_ + 1, std::memory_order_release);
  ++next_to_empty_;
  leave_place(entry->reserved);
  return entry;
}

void LogThread::run() noexcept {
  while (true) {
    // Read before the queue is emptied: a later push changes it, and the wait returns at once.
    const std::uint32_t pushes_seen = pushes_.load(std::memory_order_acquire);
    const bool last_round = stopping_.load(std::memory_order_acquire);
    if (stderr_) stderr_->writer().look();
    write_waiting();
    if (last_round) return;
    pushes_.wait(pushes_seen, std::memory_order_acquire);
  }
}

void LogThread::write_waiting() noexcept {
  std::size_t lines = 0;
  while (const std::optional<Entry> entry = pop()) {
    if (!emit(*entry)) {
      dropped_lines_.fetch_add(1, std::memory_order_relaxed);
      if (entry->reserved) dropped_answered_lines_.add();
    }
    if (++lines % kLinesBetweenCounts == 0) tell_dropped();
  }
  tell_dropped();
}

void LogThread::tell_dropped() noexcept {
  const std::uint64_t dropped = dropped_lines();
  if (dropped == dropped_lines_told_) return;
  const bool told =
      emit({clock_.wall(), LogLevel::kWarning, false,
            fmt::format("event=log.dropped lines={} reason=\"the log was written slower than it filled, "
                        "or could not be written\"",
                        dropped - dropped_lines_told_)});
  if (told) dropped_lines_told_ = dropped;
}

// False if the sink has lost the line.
bool LogThread::emit(const Entry& entry) noexcept {
  has_failed_ = false;
  std::string line(options_.to_journal ? journal_prefix(entry.level) : std::string_view());
  line += log_line(options_.format, entry.time, entry.level, entry.line);
  logger_->log(spdlog::level::info, spdlog::string_view_t(line));
  if (!has_failed_) (entry.reserved ? written_answered_lines_ : written_common_lines_).add();
  return !has_failed_;
}

}  // namespace latchkey::server
