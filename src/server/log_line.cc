#include "server/log_line.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>

#include "latchkey/base/assert.h"
#include "latchkey/base/hex.h"
#include "latchkey/base/json_text.h"
#include "latchkey/base/json_writer.h"
#include "latchkey/base/printable.h"
#include "latchkey/base/time_text.h"
#include "latchkey/base/utf8.h"

namespace latchkey::server {

namespace {

std::string_view name_of(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      break;
  }
  return "error";
}

/// Where a quoted value ends: behind its last quote.
std::size_t end_of_quoted(std::string_view text) noexcept {
  std::size_t at = 1;
  while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2U : 1U;
  LATCHKEY_ASSERT(at < text.size());
  return at + 1;
}

struct Pair {
  std::string_view key;
  std::string value;
};

/// Cuts the first `key=value` off, and the blank behind it.
Pair take_pair(std::string_view& rest) {
  const std::size_t equals = rest.find('=');
  LATCHKEY_ASSERT(equals != std::string_view::npos);
  Pair pair{rest.substr(0, equals), {}};
  rest.remove_prefix(equals + 1);
  const bool is_quoted = rest.starts_with('"');
  const std::size_t end = is_quoted ? end_of_quoted(rest) : std::min(rest.find(' '), rest.size());
  const std::string_view written = rest.substr(0, end);
  if (is_quoted) {
    std::optional<std::string> value = unprintable(written.substr(1, end - 2));
    LATCHKEY_ASSERT(value.has_value());
    pair.value = std::move(*value);
  } else {
    pair.value = written;
  }
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return pair;
}

/// `level` is left out if it is empty.
std::string line_of(LogFormat format, WallTime time, std::string_view level, std::string_view event) {
  if (format == LogFormat::kLogfmt) {
    return level.empty() ? fmt::format("time={} {}", to_rfc3339(time), event)
                         : fmt::format("time={} level={} {}", to_rfc3339(time), level, event);
  }
  JsonWriter json;
  json.begin_object();
  json.member("time", to_rfc3339(time));
  if (!level.empty()) json.member("level", level);
  while (!event.empty()) {
    const Pair pair = take_pair(event);
    json.member(pair.key, pair.value);
    if (is_utf8(pair.value)) continue;
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(pair.value.data());
    json.member(std::string(pair.key) + "_hex", to_hex(std::span(bytes, pair.value.size())));
  }
  json.end();
  return visible_json(json.take());
}

}  // namespace

std::string log_line(LogFormat format, WallTime time, LogLevel level, std::string_view event) {
  return line_of(format, time, name_of(level), event);
}

std::string plain_line(LogFormat format, WallTime time, std::string_view fields) {
  return line_of(format, time, {}, fields);
}

std::string_view journal_prefix(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::kDebug:
      return "<7>";
    case LogLevel::kInfo:
      return "<6>";
    case LogLevel::kWarning:
      return "<4>";
    case LogLevel::kError:
      break;
  }
  return "<3>";
}

bool is_journal(int descriptor, std::string_view journal_stream) noexcept {
  struct stat found {};
  if (journal_stream.empty() || ::fstat(descriptor, &found) != 0) return false;
  return journal_stream == fmt::format("{}:{}", found.st_dev, found.st_ino);
}

}  // namespace latchkey::server
