// Bells: the doorbells of a simulated process. A ring is on its way until the scheduler lets it arrive or
// fail,
// in any order. When one fails, the port that rang is notified, as by the kernel's completion.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "latchkey/runtime/mailbox.h"

namespace latchkey::sim {

class Bells {
 public:
  explicit Bells(runtime::Mailbox& mailbox)
      : mailbox_(mailbox), arrived_(mailbox.size(), 0), failed_(mailbox.size()) {
    for (runtime::PortId id = 0; id < mailbox.size(); ++id) {
      ropes_.push_back(std::make_unique<Rope>(*this, id));
      mailbox.port(id).set_doorbell(ropes_.back().get());
    }
  }
  Bells(const Bells&) = delete;
  Bells& operator=(const Bells&) = delete;

  std::size_t on_their_way() const noexcept { return ringing_.size(); }

  /// Lets the ring with this number arrive, or fail.
  void arrive(std::size_t number) {
    const Ring ring = take(number);
    arrived_[ring.to] = 1;
  }
  void fail(std::size_t number) {
    const Ring ring = take(number);
    failed_[ring.from].push_back(ring.to);
  }

  /// Whether this thread has something to wake for: a ring that arrived, one that failed, or one to try
  /// again.
  bool wakes(runtime::PortId id) const {
    return arrived_[id] != 0 || !failed_[id].empty() || mailbox_.port(id).owes_wakes();
  }

  /// Does what a thread does after a wait, in runtime::Loop's order. Returns true if there are messages to
  /// run.
  bool answer(runtime::PortId id) {
    runtime::Port& port = mailbox_.port(id);
    port.wake_again();
    for (const runtime::PortId to : std::exchange(failed_[id], {})) port.wake_failed(to);
    return std::exchange(arrived_[id], 0) != 0;
  }

 private:
  struct Ring {
    runtime::PortId from;
    runtime::PortId to;
  };
  class Rope final : public runtime::Doorbell {
   public:
    Rope(Bells& bells, runtime::PortId from) noexcept : bells_(bells), from_(from) {}
    void wake(runtime::PortId to) noexcept override { bells_.ringing_.push_back({from_, to}); }

   private:
    Bells& bells_;
    const runtime::PortId from_;
  };

  Ring take(std::size_t number) {
    const Ring ring = ringing_[number];
    ringing_[number] = ringing_.back();
    ringing_.pop_back();
    return ring;
  }

  runtime::Mailbox& mailbox_;
  std::vector<std::unique_ptr<Rope>> ropes_;
  std::vector<Ring> ringing_;
  std::vector<char> arrived_;
  std::vector<std::vector<runtime::PortId>> failed_;
};

}  // namespace latchkey::sim
