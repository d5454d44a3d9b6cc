// LoopRig: a loop on a real ring that the test itself drives, pass by pass, by a clock that stands still
// until it is told. So a test of deadlines waits for nobody, and says in plain order what happens. Used on
// one thread.
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

/// What a core's ring may do.
inline constexpr std::array<std::uint8_t, 6> kRigOperations = {IORING_OP_ACCEPT,       IORING_OP_RECV,
                                                               IORING_OP_SEND,         IORING_OP_CLOSE,
                                                               IORING_OP_ASYNC_CANCEL, IORING_OP_MSG_RING};

/// A disabled ring that may do what a core's may; the test dies where the kernel refuses it.
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
    runtime::PortId ports = 1;  ///< of the mailbox; the loop's is port 0, and the loop's ring is all ports'
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

  /// Passes until `condition` holds. False when it does not within some seconds.
  template <class Condition>
  [[nodiscard]] bool until(Condition&& condition) {
    constexpr int kMostPasses = 20'000;
    waits_ = true;
    for (int i = 0; i < kMostPasses && !condition(); ++i) loop_.pass();
    waits_ = false;
    return condition();
  }

  /// Passes often enough for all that is under way on local sockets to come out.
  void settle() {
    constexpr int kPasses = 8;
    for (int i = 0; i < kPasses; ++i) loop_.pass();
  }

  /// Moves the clock and lets what is due happen.
  void advance_ms(std::int64_t ms) {
    clock_.advance_ms(ms);
    settle();
  }

 private:
  // The loop's clock says nothing about how long the kernel takes: who waits for that waits a millisecond at
  // a time.
  std::int64_t pass(BootTime now) noexcept override { return now.ms + (waits_ ? 1 : 0); }

  bool waits_ = false;

  ManualClock clock_;
  runtime::Mailbox mailbox_;
  runtime::RingTable rings_;
  runtime::Loop loop_;
  std::unique_ptr<runtime::BufferRing> buffers_;
};

}  // namespace latchkey::test
