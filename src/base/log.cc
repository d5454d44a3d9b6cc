#include "latchkey/base/log.h"

#include <algorithm>
#include <utility>

#include "latchkey/base/printable.h"

namespace latchkey {

namespace {

constexpr std::size_t kMaxValueBytes = 256;
constexpr std::size_t kUsualLineBytes = 160;
constexpr std::string_view kAuditMark = " log=audit";

bool needs_quotes(std::string_view value) noexcept {
  return value.empty() || value.find_first_of(" =\"") != std::string_view::npos || !is_printable(value);
}

}  // namespace

void append_log_text(std::string& line, std::string_view key, std::string_view front,
                     std::size_t whole_bytes) {
  const std::size_t most = front.size() < whole_bytes ? front.size() - 1 : kMaxValueBytes;
  const std::string_view whole = whole_front(front, std::min(most, kMaxValueBytes));
  // This comes before the value, so that nothing in the value can be mistaken for it.
  if (const std::size_t cut = whole_bytes - whole.size(); cut > 0) {
    line.append(1, ' ').append(key).append("_cut=").append(std::to_string(cut));
  }
  line.append(1, ' ').append(key).append(1, '=');
  if (needs_quotes(whole)) {
    append_quoted(line, whole);
  } else {
    line.append(whole);
  }
}

LogEvent::LogEvent(Log* log, LogLevel level, std::string_view event) : log_(log), level_(level) {
  if (log == nullptr) return;
  line_.reserve(kUsualLineBytes);
  line_.append("event=").append(event);
}

LogEvent::LogEvent(LogRoom room, LogLevel level, std::string_view event)
    : room_(std::move(room)), level_(level) {
  line_.reserve(kUsualLineBytes);
  line_.append("event=").append(event);
}

void LogEvent::mark() {
  if (room_ && !std::exchange(is_marked_, true)) line_.append(room_->by()).append(kAuditMark);
}

LogEvent::~LogEvent() {
  mark();
  if (room_) {
    room_->write(level_, std::move(line_));
  } else if (log_ != nullptr) {
    log_->write(level_, std::move(line_));
  }
}

LogEvent& LogEvent::field(std::string_view key, std::string_view value) {
  if (log_ != nullptr || room_) append_log_field(line_, key, value);
  return *this;
}

LimitedEvent::LimitedEvent(Log& log, LogLevel level, std::string_view event,
                           std::optional<std::uint64_t> left_out)
    : LogEvent(left_out ? &log : nullptr, level, event) {
  if (left_out) field("more", *left_out);
}

}  // namespace latchkey
