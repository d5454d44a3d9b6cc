// A library to be loaded before the C library (LD_PRELOAD): the clocks that a process reads differ from the
// machine's as the control page says. What the kernel itself waits for goes by its own clock. Any thread.
#include "support/clock_shift.h"

#include <dlfcn.h>

#include <ctime>

#include "support/control_page.h"

namespace {

using latchkey::test::ClockShift;

// When the library is loaded: later the server opens no file outside its data.
const ClockShift* const shift =
    latchkey::test::map_control_page<ClockShift>(latchkey::test::kClockShiftVariable);

std::int64_t shift_of(clockid_t id) noexcept {
  if (shift == nullptr) return 0;
  if (id == CLOCK_REALTIME) return shift->passed_s + shift->set_s;
  return id == CLOCK_BOOTTIME ? shift->passed_s.load() : 0;
}

}  // namespace

extern "C" int clock_gettime(clockid_t id, timespec* now) noexcept {
  static const auto function =
      reinterpret_cast<int (*)(clockid_t, timespec*)>(::dlsym(RTLD_NEXT, "clock_gettime"));
  const int result = function(id, now);
  if (result == 0) now->tv_sec += shift_of(id);
  return result;
}
