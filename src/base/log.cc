#include "latchkey/base/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace latchkey {

namespace {

constexpr std::size_t kMaxValueBytes = 256;

bool needs_quotes(std::string_view value) noexcept {
  return value.empty() || std::any_of(value.begin(), value.end(), [](char c) {
           return static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f;
         });
}

}  // namespace

LogEvent::LogEvent(Log& log, LogLevel level, std::string_view event) : log_(log), level_(level) {
  line_.reserve(160);
  line_.append("event=").append(event);
}

LogEvent::~LogEvent() { log_.write(level_, std::move(line_)); }

LogEvent& LogEvent::field(std::string_view key, std::string_view value) {
  value = value.substr(0, kMaxValueBytes);
  line_.append(1, ' ').append(key).append(1, '=');
  if (!needs_quotes(value)) {
    line_.append(value);
    return *this;
  }
  line_.push_back('"');
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      line_.append(1, '\\').append(1, c);
    } else if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) {
      fmt::format_to(std::back_inserter(line_), "\\x{:02x}", static_cast<unsigned>(c));
    } else {
      line_.push_back(c);
    }
  }
  line_.push_back('"');
  return *this;
}

}  // namespace latchkey
