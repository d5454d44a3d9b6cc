#include "latchkey/base/time_text.h"

#include <fmt/format.h>

#include <charconv>
#include <ctime>

namespace latchkey {

namespace {

struct Unit {
  std::string_view name;
  std::int64_t ms;
};

constexpr std::array<Unit, 5> kUnits = {
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};
constexpr std::int64_t kMaxDurationMs = std::int64_t{36'500} * 86'400'000;

std::tm to_utc(WallTime time) noexcept {
  std::time_t seconds = time.ms / 1000;
  if (time.ms % 1000 < 0) --seconds;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return utc;
}

}  // namespace

std::string to_rfc3339(WallTime time) {
  const std::tm utc = to_utc(time);
  const std::int64_t ms = ((time.ms % 1000) + 1000) % 1000;
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, ms);
}

std::array<char, 29> to_http_date(WallTime time) noexcept {
  constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::tm utc = to_utc(time);
  std::array<char, 29> text{};
  fmt::format_to_n(text.data(), text.size(), "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                   kDays[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                   kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour, utc.tm_min,
                   utc.tm_sec);
  return text;
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto wrong = [text] {
    return failure(
        ErrorCode::kInvalid,
        fmt::format("'{}' is no duration: write a whole number and a unit, ms, s, m, h or d, as in 30m",
                    text));
  };
  std::int64_t count = 0;
  const char* const end = text.data() + text.size();
  const auto [after, error] = std::from_chars(text.data(), end, count);
  if (error != std::errc{} || count < 0 || text.front() == '-') return wrong();
  const std::string_view unit_name(after, static_cast<std::size_t>(end - after));
  for (const Unit& unit : kUnits) {
    if (unit.name != unit_name) continue;
    if (count > kMaxDurationMs / unit.ms) {
      return failure(ErrorCode::kInvalid, fmt::format("'{}' is over 36500 days, the longest duration", text));
    }
    return std::chrono::milliseconds(count * unit.ms);
  }
  return wrong();
}

std::string to_duration_text(std::chrono::milliseconds duration) {
  for (const Unit& unit : kUnits) {
    if (duration.count() % unit.ms == 0 && duration.count() != 0) {
      return fmt::format("{}{}", duration.count() / unit.ms, unit.name);
    }
  }
  return "0s";
}

}  // namespace latchkey
