// A library to be loaded before the C library (LD_PRELOAD). It shifts the clocks that a process reads, as the
// control page says. Waits in the kernel go by the kernel's own clock.
// Thread: any.
#include "support/clock_shift.h"

#include <dlfcn.h>

#include <ctime>

#include "support/control_page.h"

namespace {

using latchkey::test::ClockShift;

// Mapped when the library is loaded. Later the server opens no file outside its data.
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
