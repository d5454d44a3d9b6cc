// Charge: one failure that a FailureMeter counts before the attempt is made. It stays on the meter, whatever
// becomes of this object, unless it is refunded. An attempt that ends in any unforeseen way has therefore
// failed. Whoever makes the attempt holds it.
// Thread: one at a time.
// Lifetime: the meter must outlive it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "latchkey/base/clock.h"
#include "latchkey/credential/throttle.h"

namespace latchkey::credential {

class Charge {
 public:
  Charge() = default;
  Charge(Charge&& other) noexcept : meter_(std::exchange(other.meter_, nullptr)), place_(other.place_) {}
  Charge& operator=(Charge&& other) noexcept {
    meter_ = std::exchange(other.meter_, nullptr);
    place_ = other.place_;
    return *this;
  }
  Charge(const Charge&) = delete;
  Charge& operator=(const Charge&) = delete;
  ~Charge() = default;

  /// Charges the key, as FailureMeter::charge does, and returns 0. Or returns the wait in ms; then there is
  /// nothing to refund.
  std::int64_t put_on(FailureMeter& meter, std::span<const std::uint8_t> key, BootTime now) noexcept {
    return put_at(meter, meter.place_of(key), now);
  }
  std::int64_t put_on(FailureMeter& meter, std::string_view key, BootTime now) noexcept {
    return put_at(meter, meter.place_of(key), now);
  }

  /// Takes the charge off the meter, once. Does nothing if nothing is charged or the charge is already
  /// refunded.
  void refund() noexcept {
    if (FailureMeter* const meter = std::exchange(meter_, nullptr)) meter->take_back(place_);
  }

 private:
  std::int64_t put_at(FailureMeter& meter, const FailureMeter::Place& place, BootTime now) noexcept {
    const std::int64_t wait_ms = meter.charge(place, now);
    meter_ = wait_ms == 0 ? &meter : nullptr;
    place_ = place;
    return wait_ms;
  }

  FailureMeter* meter_ = nullptr;  ///< null: nothing is charged
  FailureMeter::Place place_{};
};

}  // namespace latchkey::credential
