// RingDoorbell: the mailbox's doorbell over io_uring. It sends a message from the caller's own ring to the
// ring of the thread to wake. The table of rings is complete before the first ring is enabled, and constant
// after.
// Thread: the one that it belongs to; one per thread.
#pragma once

#include <memory>
#include <vector>

#include "latchkey/runtime/mailbox.h"
#include "latchkey/runtime/ring.h"

namespace latchkey::runtime {

/// The ring of each port, indexed by PortId. Made once at start.
using RingTable = std::vector<int>;

class RingDoorbell final : public Doorbell {
 public:
  /// `at_once` hands the message to the kernel immediately, for threads that work long before they wait
  /// again.
  RingDoorbell(Ring& ring, Port& port, const RingTable& rings, bool at_once);

  void wake(PortId to) noexcept override;

 private:
  // Completed when a doorbell failed to ring. The port tries again in its thread's next pass.
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
