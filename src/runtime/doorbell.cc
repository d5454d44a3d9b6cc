#include "latchkey/runtime/doorbell.h"

namespace latchkey::runtime {

RingDoorbell::RingDoorbell(Ring& ring, Port& port, const RingTable& rings, bool at_once)
    : ring_(ring), rings_(rings), at_once_(at_once) {
  failures_.reserve(rings.size());
  for (PortId to = 0; to < rings.size(); ++to) failures_.push_back(std::make_unique<Failure>(port, to));
  port.set_doorbell(this);
}

void RingDoorbell::wake(PortId to) noexcept {
  ring_.wake(rings_[to], *failures_[to]);
  if (at_once_) ring_.submit();
}

void RingDoorbell::Failure::complete(std::int32_t result, std::uint32_t) noexcept {
  if (result < 0) port_.wake_failed(to_);
}

}  // namespace latchkey::runtime
