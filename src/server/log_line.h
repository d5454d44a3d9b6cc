// One line of the log as it is written: the time and the level before what the event says (base/log.h).
// Thread: any; all are pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "latchkey/base/clock.h"
#include "latchkey/base/log.h"

namespace latchkey::server {

enum class LogFormat : std::uint8_t {
  kLogfmt,
  /// One JSON object per line, with the keys of logfmt, in the same order. Every value is a string. If a
  /// value is not UTF-8, each byte of it that is not becomes U+FFFD, and a member `<key>_hex` has all its
  /// bytes.
  kJson,
};

/// `event` in `format`, without the line's end.
/// Requires: `event` is in logfmt, as LogEvent writes it.
std::string log_line(LogFormat format, WallTime time, LogLevel level, std::string_view event);

/// The same without a level: `fields` behind the time.
std::string plain_line(LogFormat format, WallTime time, std::string_view fields);

/// The level as systemd's journal reads it at the front of a line: `<6>` (sd-daemon(3)).
std::string_view journal_prefix(LogLevel level) noexcept;

/// Whether systemd's journal reads from `descriptor`: `journal_stream`, the value of $JOURNAL_STREAM, names
/// the device and inode of the stream that the journal gave to this process (systemd.exec(5)).
bool is_journal(int descriptor, std::string_view journal_stream) noexcept;

}  // namespace latchkey::server
