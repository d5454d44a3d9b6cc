// Shared by a test and the library that moves the clocks of a server under test (clock_shift.cc).
#pragma once

#include <atomic>
#include <cstdint>

namespace latchkey::test {

/// The variables that name the file of the control page and the library.
inline constexpr const char* kClockShiftVariable = "CLOCK_SHIFT_CONTROL";
inline constexpr const char* kClockShiftLibrary = "CLOCK_SHIFT_LIBRARY";

/// How the server's clocks differ from the machine's.
struct ClockShift {
  std::atomic<std::int64_t> passed_s;  ///< added to every clock, as time that has passed
  std::atomic<std::int64_t> set_s;     ///< added to the calendar (CLOCK_REALTIME) besides, by setting it
};

}  // namespace latchkey::test
