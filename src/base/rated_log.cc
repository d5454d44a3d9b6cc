#include "latchkey/base/rated_log.h"

#include <algorithm>
#include <span>
#include <utility>

#include "latchkey/base/assert.h"

namespace latchkey {

RatedLog::~RatedLog() {
  for (Rate& rate : std::span(rates_).first(events_)) {
    if (rate.left_out > 0) tell(rate);
  }
}

std::optional<std::uint64_t> RatedLog::admit(std::string_view event) noexcept {
  const std::int64_t now_ms = clock_.boot().ms;
  Rate& rate = rate_of(event);
  refill(rate, now_ms);
  if (rate.lines_left == 0) {
    ++rate.left_out;
    due_ms_ = std::min(due_ms_, rate.counted_at_ms + kIntervalMs);
    return std::nullopt;
  }
  --rate.lines_left;
  return std::exchange(rate.left_out, 0);
}

std::int64_t RatedLog::tell_due(std::int64_t now_ms) noexcept {
  due_ms_ = kNothingDue;
  for (Rate& rate : std::span(rates_).first(events_)) {
    if (rate.left_out == 0) continue;
    refill(rate, now_ms);
    if (rate.lines_left > 0) {
      --rate.lines_left;
      tell(rate);
    } else {
      due_ms_ = std::min(due_ms_, rate.counted_at_ms + kIntervalMs);
    }
  }
  return due_ms_;
}

RatedLog::Rate& RatedLog::rate_of(std::string_view event) noexcept {
  const auto known = std::span(rates_).first(events_);
  const auto found =
      std::find_if(known.begin(), known.end(), [event](const Rate& r) { return r.event == event; });
  if (found != known.end()) return *found;
  LATCHKEY_ASSERT(events_ < kMaxEvents);
  Rate& rate = rates_.at(events_++);
  rate.event = event;
  rate.counted_at_ms = clock_.boot().ms;
  return rate;
}

void RatedLog::refill(Rate& rate, std::int64_t now_ms) noexcept {
  const std::int64_t intervals = std::max<std::int64_t>(now_ms - rate.counted_at_ms, 0) / kIntervalMs;
  rate.lines_left = std::min(rate.lines_left + static_cast<std::uint64_t>(intervals), kLinesAtOnce);
  // With all lines available, no interval is running. Taking the first line starts one.
  rate.counted_at_ms =
      rate.lines_left == kLinesAtOnce ? now_ms : rate.counted_at_ms + intervals * kIntervalMs;
}

void RatedLog::tell(Rate& rate) noexcept {
  LogEvent(log_, LogLevel::kInfo, "log.left_out")
      .field("of", rate.event)
      .field("lines", std::exchange(rate.left_out, 0));
}

}  // namespace latchkey
