// RingDoorbell: the mailbox's doorbell over io_uring: a message from the caller's own ring to the ring of the
// thread that is to wake. One a thread, used by that thread alone; the table of rings is complete before the
// first ring is enabled and does not change after.
#pragma once

#include <memory>
#include <vector>

#include "latchkey/runtime/mailbox.h"
#include "latchkey/runtime/ring.h"

namespace latchkey::runtime {

/// The ring of each port, by PortId; made once at start.
using RingTable = std::vector<int>;

class RingDoorbell final : public Doorbell {
 public:
  /// `at_once`: hand the message to the kernel now, for threads that work long before they wait again.
  RingDoorbell(Ring& ring, Port& port, const RingTable& rings, bool at_once);

  void wake(PortId to) noexcept override;

 private:
  // What hears that a doorbell did not ring: the port tries again at its thread's next pass.
  class Failure final : public Operation {
   public:
    Failure(Port& port, PortId to) noexcept : port_(port), to_(to) {}
    void complete(std::int32_t result, std::uint32_t flags) noexcept override;

   private:
    Port& port_;
    PortId to_;
  };

  Ring& ring_;
  const RingTable& rings_;
  const bool at_once_;
  std::vector<std::unique_ptr<Failure>> failures_;
};

}  // namespace latchkey::runtime
