// Charge: one failure that a FailureMeter counts before the attempt is made. It stays on the meter whatever
// becomes of this object, unless it is refunded: so an attempt that ends in any unforeseen way has failed.
// Held by whoever makes the attempt. Lifetime: the meter outlives it. Thread: one at a time.
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

  /// Charges the key, as FailureMeter::charge, and gives 0; or the wait in ms, and there is nothing to
  /// refund.
  std::int64_t put_on(FailureMeter& meter, std::span<const std::uint8_t> key, BootTime now) noexcept {
    return put_at(meter, meter.place_of(key), now);
  }
  std::int64_t put_on(FailureMeter& meter, std::string_view key, BootTime now) noexcept {
    return put_at(meter, meter.place_of(key), now);
  }

  /// Takes it off the meter, once: what is not charged, or refunded already, stays as it is.
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
