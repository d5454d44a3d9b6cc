#include "latchkey/base/log.h"

#include <algorithm>

#include "latchkey/base/printable.h"

namespace latchkey {

namespace {

constexpr std::size_t kMaxValueBytes = 256;
constexpr std::size_t kUsualLineBytes = 160;

bool needs_quotes(std::string_view value) noexcept {
  return value.empty() || value.find_first_of(" =\"") != std::string_view::npos || !is_printable(value);
}

}  // namespace

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

LogEvent::~LogEvent() {
  if (room_) {
    room_->write(level_, std::move(line_));
  } else if (log_ != nullptr) {
    log_->write(level_, std::move(line_));
  }
}

LogEvent& LogEvent::field(std::string_view key, std::string_view value) {
  if (log_ == nullptr && !room_) return *this;
  const std::string_view whole = whole_front(value, kMaxValueBytes);
  // This comes before the value, so that nothing in the value can be mistaken for it.
  if (const std::size_t cut = value.size() - whole.size(); cut > 0) {
    line_.append(1, ' ').append(key).append("_cut=").append(std::to_string(cut));
  }
  line_.append(1, ' ').append(key).append(1, '=');
  if (!needs_quotes(whole)) {
    line_.append(whole);
    return *this;
  }
  append_quoted(line_, whole);
  return *this;
}

LimitedEvent::LimitedEvent(Log& log, LogLevel level, std::string_view event,
                           std::optional<std::uint64_t> left_out)
    : LogEvent(left_out ? &log : nullptr, level, event) {
  if (left_out) field("more", *left_out);
}

}  // namespace latchkey
