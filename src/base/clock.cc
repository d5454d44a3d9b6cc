#include "latchkey/base/clock.h"

#include <ctime>

namespace latchkey {

namespace {

std::int64_t read_ms(clockid_t id) noexcept {
  timespec now{};
  clock_gettime(id, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace

BootTime SystemClock::boot() const noexcept { return {read_ms(CLOCK_BOOTTIME)}; }
WallTime SystemClock::wall() const noexcept { return {read_ms(CLOCK_REALTIME)}; }

}  // namespace latchkey
