#include "load/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace latchkey::load {

namespace {

struct Unit {
  std::string_view name;
  std::int64_t ns;
};

constexpr std::array<Unit, 7> kUnits = {{{"ns", 1},
                                         {"us", kNsPerMicrosecond},
                                         {"µs", kNsPerMicrosecond},
                                         {"ms", kNsPerMillisecond},
                                         {"s", kNsPerSecond},
                                         {"m", 60 * kNsPerSecond},
                                         {"h", 3600 * kNsPerSecond}}};
constexpr double kLongestNs = 24.0 * 3600.0 * static_cast<double>(kNsPerSecond);

}  // namespace

Result<double> parse_number(std::string_view text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (error != std::errc{} || rest != end || !std::isfinite(number) || std::signbit(number)) {
    return failure(ErrorCode::kInvalid, fmt::format("'{}' is not a number", text));
  }
  return number;
}

Result<std::int64_t> parse_duration_ns(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::size_t unit_at = std::min(text.find_first_not_of(' ', digits), text.size());
  const Result<double> number = parse_number(text.substr(0, digits));
  for (const Unit& unit : kUnits) {
    if (!number || text.substr(unit_at) != unit.name) continue;
    const double ns = *number * static_cast<double>(unit.ns);
    if (ns > kLongestNs) break;
    return static_cast<std::int64_t>(std::llround(ns));
  }
  return failure(
      ErrorCode::kInvalid,
      fmt::format("'{}' is not a duration of at most a day: write a number and ns, us, ms, s, m or "
                  "h, as in 1.5ms",
                  text));
}

std::string duration_text(double ns) {
  if (ns < 999.5) return fmt::format("{:.0f} ns", ns);
  constexpr std::array<std::string_view, 3> kNames = {"µs", "ms", "s"};
  double value = ns / 1000;
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < kNames.size()) {
    value /= 1000;
    ++unit;
  }
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f} {}", value, decimals, kNames[unit]);
}

std::string count_text(std::uint64_t count) {
  std::string text = fmt::format("{}", count);
  for (std::size_t from_end = 3; from_end < text.size(); from_end += 4)
    text.insert(text.size() - from_end, ",");
  return text;
}

}  // namespace latchkey::load
