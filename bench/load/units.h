// Durations, counts and clocks as the load tester reads and writes them. Pure functions.
// Thread: any.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

#include "latchkey/base/result.h"

namespace latchkey::load {

inline constexpr std::int64_t kNsPerMicrosecond = 1'000;
inline constexpr std::int64_t kNsPerMillisecond = 1'000'000;
inline constexpr std::int64_t kNsPerSecond = 1'000'000'000;

/// CLOCK_MONOTONIC: latencies are measured with it, and the kernel's timeouts use it.
inline std::int64_t monotonic_ns() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * kNsPerSecond + now.tv_nsec;
}

/// Parses a number, possibly with a fraction, and a unit ns, us (or µs), ms, s, m or h: `1.5ms`.
/// Errors: kInvalid if it is not that, is negative, or is longer than a day.
Result<std::int64_t> parse_duration_ns(std::string_view text);

/// Parses a number without a sign, possibly with a fraction.
/// Errors: kInvalid.
Result<double> parse_number(std::string_view text);

/// For people, to three digits: `812 ns`, `1.52 ms`, `10.0 s`.
std::string duration_text(double ns);

/// For people: `12,345`.
std::string count_text(std::uint64_t count);

}  // namespace latchkey::load
