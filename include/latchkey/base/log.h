// The log is structured: one line per event, in logfmt (`event=login.refused address=192.0.2.1 user=alice`).
// The thread with something to say builds the line and hands it to a `Log`, which must not block: the
// server's log writes from a thread of its own. No field ever holds a secret. docs/logs.md lists the events.
//
// Three kinds of lines share the log:
// - `LogEvent(log, ...)` is for events that are rare or that cost whoever causes them. It is dropped and
//   counted if the log is full.
// - `LimitedEvent(log, ...)` is for events that a stranger can cause for free. It has a rate, and says how
//   many lines were left out.
// - `LogEvent(room, ...)` is for what was answered or changed: the audit. Its room is taken before that is
// done,
//   so the line is sure of its place. `log=audit` stands before what others wrote.
#pragma once

#include <concepts>
#include <cstddef>
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
  /// `line` is one event in logfmt, without level, time or newline. Never blocks.
  /// Thread: any.
  virtual void write(LogLevel level, std::string line) noexcept = 0;

  /// Whether a limited line on `event` may be written now. If so, returns how many lines before it were left
  /// out.
  /// Lifetime: `event` has static storage.
  virtual std::optional<std::uint64_t> admit(std::string_view event [[maybe_unused]]) noexcept { return 0; }

  /// Takes room for one line about an answer; false if there is none. `write_reserved` uses the room up and
  /// `give_back` returns it. LogRoom makes sure that one of them is called.
  virtual bool reserve() noexcept { return true; }
  virtual void write_reserved(LogLevel level, std::string line) noexcept { write(level, std::move(line)); }
  virtual void give_back() noexcept {}
};

/// Drops everything.
class NoLog final : public Log {
 public:
  void write(LogLevel, std::string) noexcept override {}
};

/// Room in a log for one line. It is given back if the line is not written.
/// Lifetime: the log must outlive it.
class LogRoom {
 public:
  /// Takes room in `log`, if there is any now.
  static LogRoom take(Log& log) noexcept { return LogRoom(log, log.reserve()); }

  LogRoom(LogRoom&& other) noexcept
      : log_(other.log_), is_held_(std::exchange(other.is_held_, false)), by_(std::move(other.by_)) {}
  LogRoom& operator=(LogRoom&&) = delete;
  ~LogRoom() {
    if (is_held_) log_->give_back();
  }

  bool is_held() const noexcept { return is_held_; }

  /// Who asked for what the line is about: fields as append_log_field writes them, before `log=audit`.
  void set_by(std::string fields) noexcept { by_ = std::move(fields); }
  const std::string& by() const noexcept { return by_; }
  /// Room for another line about the same.
  LogRoom another() const {
    LogRoom room = take(*log_);
    room.by_ = by_;
    return room;
  }

  /// Uses up the room. Without room, the line takes its chance with all others.
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
  std::string by_;
};

/// Appends ` key=value` in logfmt, cut and escaped (docs/logs.md). `front` is the value, or the front of one
/// of `whole_bytes`.
void append_log_text(std::string& line, std::string_view key, std::string_view front,
                     std::size_t whole_bytes);
inline void append_log_field(std::string& line, std::string_view key, std::string_view value) {
  append_log_text(line, key, value, value.size());
}

/// Builds a line and hands it over on destruction:
/// `LogEvent(log, LogLevel::kInfo, "login.refused").field("address", address).text("user", name);`
class LogEvent {
 public:
  LogEvent(Log& log, LogLevel level, std::string_view event) : LogEvent(&log, level, event) {}
  LogEvent(LogRoom room, LogLevel level, std::string_view event);
  ~LogEvent();
  LogEvent(const LogEvent&) = delete;
  LogEvent& operator=(const LogEvent&) = delete;

  /// For words, numbers and addresses that come from this program itself.
  LogEvent& field(std::string_view key, std::string_view value);
  LogEvent& field(std::string_view key, std::integral auto value) {
    return field(key, std::string_view(std::to_string(value)));
  }
  /// For what others wrote: a name, a user agent, the text of an error. It comes after all fields, so that
  /// nothing in it can be read as a field (a test in `tests/house` enforces this).
  LogEvent& text(std::string_view key, std::string_view value) {
    mark();
    return field(key, value);
  }

 protected:
  /// If `log` is nullptr, builds and writes nothing.
  LogEvent(Log* log, LogLevel level, std::string_view event);

 private:
  Log* log_ = nullptr;
  /// Of the audit: says so, once.
  void mark();

  std::optional<LogRoom> room_;
  bool is_marked_ = false;
  LogLevel level_;
  std::string line_;
};

/// An event that a stranger can cause for free. The line begins with `event=NAME more=N`, where N is the
/// number of lines of that name left out since the last one.
class LimitedEvent : public LogEvent {
 public:
  /// Lifetime: `event` has static storage.
  LimitedEvent(Log& log, LogLevel level, std::string_view event)
      : LimitedEvent(log, level, event, log.admit(event)) {}

 private:
  LimitedEvent(Log& log, LogLevel level, std::string_view event, std::optional<std::uint64_t> left_out);
};

}  // namespace latchkey
