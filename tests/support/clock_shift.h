// What a test and the library that moves the clocks of a server under test (clock_shift.cc) have in common.
#pragma once

#include <atomic>
#include <cstdint>

namespace latchkey::test {

/// The variable that names the file of the control page, and the one that names the library.
inline constexpr const char* kClockShiftVariable = "CLOCK_SHIFT_CONTROL";
inline constexpr const char* kClockShiftLibrary = "CLOCK_SHIFT_LIBRARY";

/// How the server's clocks differ from the machine's.
struct ClockShift {
  std::atomic<std::int64_t> passed_s;  ///< time that has passed beyond the machine's, for every clock
  std::atomic<std::int64_t> set_s;     ///< by how much the calendar (CLOCK_REALTIME) was set besides
};

}  // namespace latchkey::test
