// The log: structured, one line an event, in logfmt (`event=login.refused user=alice status=400`). A line is
// built by the thread that has something to say and handed to a `Log`, which must not block: the server's
// writes from a thread of its own. No secret is ever a field.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace latchkey {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

class Log {
 public:
  virtual ~Log() = default;
  /// `line` is one event in logfmt, without level, time or newline. Any thread; never blocks.
  virtual void write(LogLevel level, std::string line) noexcept = 0;
};

/// Drops everything.
class NoLog final : public Log {
 public:
  void write(LogLevel, std::string) noexcept override {}
};

/// Builds a line and hands it over when it goes out of scope:
/// `LogEvent(log, LogLevel::kInfo, "login.refused").field("user", name).field("status", 400);`
class LogEvent {
 public:
  LogEvent(Log& log, LogLevel level, std::string_view event);
  ~LogEvent();
  LogEvent(const LogEvent&) = delete;
  LogEvent& operator=(const LogEvent&) = delete;

  /// A value with a blank, a quote, '=' or a control character is quoted and escaped; it is cut at 256 bytes.
  LogEvent& field(std::string_view key, std::string_view value);
  LogEvent& field(std::string_view key, std::integral auto value) {
    return field(key, std::string_view(std::to_string(value)));
  }

 private:
  Log& log_;
  LogLevel level_;
  std::string line_;
};

}  // namespace latchkey
