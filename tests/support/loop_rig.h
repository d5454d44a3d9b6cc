// LoopRig: a loop on a real ring that the test drives pass by pass, with a clock that stands still until
// moved. A test of deadlines thus need not wait, and says in order what happens.
// Thread: one.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "latchkey/base/assert.h"
#include "latchkey/base/clock.h"
#include "latchkey/runtime/buffer_ring.h"
#include "latchkey/runtime/loop.h"
#include "latchkey/runtime/mailbox.h"
#include "latchkey/runtime/ring.h"

namespace latchkey::test {

/// The operations of a core's ring.
inline constexpr std::array<std::uint8_t, 6> kRigOperations = {IORING_OP_ACCEPT,       IORING_OP_RECV,
                                                               IORING_OP_SEND,         IORING_OP_CLOSE,
                                                               IORING_OP_ASYNC_CANCEL, IORING_OP_MSG_RING};

/// A disabled ring with the operations of a core's. The test aborts if the kernel refuses it.
inline std::unique_ptr<runtime::Ring> make_ring(unsigned completion_entries = 1024) {
  runtime::RingSettings settings;
  settings.submission_entries = 64;
  settings.completion_entries = completion_entries;
  settings.operations = kRigOperations;
  Result<std::unique_ptr<runtime::Ring>> ring = runtime::Ring::create(settings);
  if (!ring) ADD_FAILURE() << ring.error().text;
  LATCHKEY_ASSERT(ring.has_value());
  return std::move(*ring);
}

class LoopRig final : private runtime::LoopHook {
 public:
  struct Settings {
    unsigned buffers = 64;
    std::size_t buffer_bytes = 4096;
    unsigned completion_entries = 1024;
    runtime::PortId ports = 1;  ///< of the mailbox; the loop's is port 0, and its ring serves all ports
    std::size_t messages_per_way = 16;
  };

  LoopRig() : LoopRig(Settings{}) {}
  explicit LoopRig(const Settings& settings)
      : mailbox_(settings.ports, settings.messages_per_way),
        loop_(make_ring(settings.completion_entries), mailbox_.port(0), clock_) {
    auto buffers = runtime::BufferRing::create(loop_.ring(), settings.buffers, settings.buffer_bytes);
    if (!buffers) ADD_FAILURE() << buffers.error().text;
    LATCHKEY_ASSERT(buffers.has_value());
    buffers_ = std::move(*buffers);
    rings_.assign(mailbox_.size(), loop_.ring().fd());
    loop_.add_hook(*this);
    const Result<void> started = loop_.start(rings_);
    if (!started) ADD_FAILURE() << started.error().text;
  }

  runtime::Loop& loop() noexcept { return loop_; }
  runtime::BufferRing& buffers() noexcept { return *buffers_; }
  ManualClock& clock() noexcept { return clock_; }
  runtime::Mailbox& mailbox() noexcept { return mailbox_; }
  std::size_t running() noexcept { return loop_.nursery().running(); }

  void spawn(runtime::Task<void> task) { loop_.nursery().spawn(std::move(task)); }

  /// Runs passes until `condition` holds. Returns false if it does not within some seconds.
  template <class Condition>
  [[nodiscard]] bool until(Condition&& condition) {
    constexpr int kMostPasses = 20'000;
    waits_ = true;
    for (int i = 0; i < kMostPasses && !condition(); ++i) loop_.pass();
    waits_ = false;
    return condition();
  }

  /// Runs enough passes for everything under way on local sockets to finish.
  void settle() {
    constexpr int kPasses = 8;
    for (int i = 0; i < kPasses; ++i) loop_.pass();
  }

  /// Moves the clock and lets due events happen.
  void advance_ms(std::int64_t ms) {
    clock_.advance_ms(ms);
    settle();
  }

 private:
  // The loop's clock does not tell how long the kernel takes. Waiting for the kernel goes a millisecond at a
  // time.
  std::int64_t pass(BootTime now) noexcept override { return now.ms + (waits_ ? 1 : 0); }

  bool waits_ = false;

  ManualClock clock_;
  runtime::Mailbox mailbox_;
  runtime::RingTable rings_;
  runtime::Loop loop_;
  std::unique_ptr<runtime::BufferRing> buffers_;
};

}  // namespace latchkey::test
