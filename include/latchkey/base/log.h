// The log: structured, one line an event, in logfmt (`event=login.refused address=192.0.2.1 user=alice`). A
// line is built by the thread that has something to say and handed to a `Log`, which must not block: the
// server's writes from a thread of its own. No secret is ever a field. docs/logs.md lists the events.
//
// Three kinds of lines share the log:
// - `LogEvent(log, ...)`: what costs whoever causes it, or happens seldom; dropped and counted where the log
// is full.
// - `LimitedEvent(log, ...)`: what a stranger has for nothing. It has a rate, and says how many were left
// out.
// - `LogEvent(room, ...)`: what was answered or changed. Its room is taken before that is done, so that the
// line is
//   sure of its place.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace latchkey {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

class Log {
 public:
  virtual ~Log() = default;
  /// `line` is one event in logfmt, without level, time or newline. Any thread; never blocks.
  virtual void write(LogLevel level, std::string line) noexcept = 0;

  /// Whether a limited line on `event` may be written now: then how many before it might not. `event` has
  /// static storage.
  virtual std::optional<std::uint64_t> admit(std::string_view event [[maybe_unused]]) noexcept { return 0; }

  /// Room for one line on what is answered; false where there is none. What is taken is used up by
  /// `write_reserved` or given back by `give_back`: LogRoom sees to that.
  virtual bool reserve() noexcept { return true; }
  virtual void write_reserved(LogLevel level, std::string line) noexcept { write(level, std::move(line)); }
  virtual void give_back() noexcept {}
};

/// Drops everything.
class NoLog final : public Log {
 public:
  void write(LogLevel, std::string) noexcept override {}
};

/// Room in a log for one line, given back where the line is not written. Lifetime: the log outlives it.
class LogRoom {
 public:
  /// Room in `log`, if there is any now.
  static LogRoom take(Log& log) noexcept { return LogRoom(log, log.reserve()); }

  LogRoom(LogRoom&& other) noexcept : log_(other.log_), is_held_(std::exchange(other.is_held_, false)) {}
  LogRoom& operator=(LogRoom&&) = delete;
  ~LogRoom() {
    if (is_held_) log_->give_back();
  }

  bool is_held() const noexcept { return is_held_; }

  /// Uses the room up. Without one the line takes its chance with all others.
  void write(LogLevel level, std::string line) noexcept {
    if (std::exchange(is_held_, false)) {
      log_->write_reserved(level, std::move(line));
    } else {
      log_->write(level, std::move(line));
    }
  }

 private:
  LogRoom(Log& log, bool is_held) noexcept : log_(&log), is_held_(is_held) {}

  Log* log_;
  bool is_held_;
};

/// Builds a line and hands it over when it goes out of scope:
/// `LogEvent(log, LogLevel::kInfo, "login.refused").field("address", address).text("user", name);`
class LogEvent {
 public:
  LogEvent(Log& log, LogLevel level, std::string_view event) : LogEvent(&log, level, event) {}
  LogEvent(LogRoom room, LogLevel level, std::string_view event);
  ~LogEvent();
  LogEvent(const LogEvent&) = delete;
  LogEvent& operator=(const LogEvent&) = delete;

  /// What this program says in words, numbers and addresses of its own.
  LogEvent& field(std::string_view key, std::string_view value);
  LogEvent& field(std::string_view key, std::integral auto value) {
    return field(key, std::string_view(std::to_string(value)));
  }
  /// What others wrote: a name, an agent, an error's text. Behind all fields, so that nothing in it can be
  /// read as one of them (`tests/house` holds that).
  LogEvent& text(std::string_view key, std::string_view value) { return field(key, value); }

 protected:
  /// Where `log` is nullptr nothing is built and nothing written.
  LogEvent(Log* log, LogLevel level, std::string_view event);

 private:
  Log* log_ = nullptr;
  std::optional<LogRoom> room_;
  LogLevel level_;
  std::string line_;
};

/// An event that costs a stranger nothing. The line begins with `event=NAME more=N`, N being those of its
/// name that were left out since the line before.
class LimitedEvent : public LogEvent {
 public:
  /// `event` has static storage.
  LimitedEvent(Log& log, LogLevel level, std::string_view event)
      : LimitedEvent(log, level, event, log.admit(event)) {}

 private:
  LimitedEvent(Log& log, LogLevel level, std::string_view event, std::optional<std::uint64_t> left_out);
};

}  // namespace latchkey
