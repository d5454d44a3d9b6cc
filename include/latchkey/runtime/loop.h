// Loop: the event loop of a core thread. A pass waits in the kernel. Then it runs the completions, the
// messages of other threads, the deadlines that have come, the hooks, and the coroutines that became ready.
// Everything on the core (connections, shard, services) is reached from coroutines that this loop resumes.
// Thread: its owner's.
#pragma once

#include <coroutine>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "latchkey/base/assert.h"
#include "latchkey/base/clock.h"
#include "latchkey/base/result.h"
#include "latchkey/runtime/doorbell.h"
#include "latchkey/runtime/lazy_wheel.h"
#include "latchkey/runtime/mailbox.h"
#include "latchkey/runtime/nursery.h"
#include "latchkey/runtime/ready_queue.h"
#include "latchkey/runtime/ring.h"

namespace latchkey::runtime {

inline constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

/// Other work on the loop's thread. Hooks are called in the order in which they were added.
class LoopHook {
 public:
  virtual ~LoopHook() = default;
  /// Called before the thread waits in the kernel. From here to `after_wait`, the thread must hold no
  /// reference into memory that other cores replace.
  virtual void before_wait() noexcept {}
  /// Called after the wait, before anything else of the pass.
  virtual void after_wait() noexcept {}
  /// Called once per pass, at its end. Returns when it has work again (boot time, ms), or kNever.
  virtual std::int64_t pass(BootTime now) noexcept = 0;
};

/// Something with a deadline. Moving the deadline costs nothing, because the loop looks at the deadline again
/// when it comes.
class Watched {
 public:
  /// Called within Loop::kTickMs after the time that it asked for, and at least every Loop::kStrideMs before
  /// that. Returns when to look again (boot time, ms). May forget and destroy itself.
  virtual std::int64_t look(BootTime now) noexcept = 0;

 protected:
  ~Watched() { LATCHKEY_ASSERT(slot_ == 0); }

 private:
  friend class Loop;
  std::uint32_t slot_ = 0;
};

class Loop {
 public:
  /// A deadline that moves nearer is noticed within this time.
  static constexpr std::int64_t kStrideMs = 500;
  /// A look is at most this late.
  static constexpr std::int64_t kTickMs = 50;
  /// The most coroutines of `ready()` that go on in one pass.
  static constexpr std::size_t kReadyPerPass = 256;

  Loop(std::unique_ptr<Ring> ring, Port& port, const Clock& clock);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Requires: called before `start`.
  /// Lifetime: `hook` outlives the loop.
  void add_hook(LoopHook& hook) { hooks_.push_back(&hook); }

  /// Enables the ring. Errors are those of Ring::enable.
  /// Thread: the one that will run the loop. Lifetime: `rings` outlives the last pass.
  Result<void> start(const RingTable& rings, bool doorbell_at_once = false);

  /// Runs passes until `stop` has been called and the nurseries of the loop and the port are empty.
  void run() noexcept;
  /// Thread: the loop's.
  void stop() noexcept { stopping_ = true; }

  /// Has the stack overwritten at the end of this pass, when its frames are gone. For code that may leave a
  /// password there.
  void scrub_stack_after_pass() noexcept { stack_has_secret_ = true; }

  /// Runs one pass. For a caller that drives the loop itself, such as a test.
  void pass() noexcept;

  Ring& ring() noexcept { return *ring_; }
  Port& port() noexcept { return port_; }
  Nursery& nursery() noexcept { return nursery_; }
  /// Its coroutines go on at the end of the pass.
  ReadyQueue& ready() noexcept { return ready_; }

  /// The time of this pass. Makes no system call.
  BootTime now() const noexcept { return now_; }
  WallTime wall_now() const noexcept { return {now_.ms + wall_offset_ms_}; }

  /// Looks at `watched` from now on, first at `first_look_ms` (boot time) or after kStrideMs, whichever is
  /// nearer.
  void watch(Watched& watched, std::int64_t first_look_ms = kNever);
  void forget(Watched& watched) noexcept;

  /// `co_await loop.sleep_until(t)`: goes on at or after `t`, within kTickMs.
  auto sleep_until(BootTime when) noexcept;

 private:
  struct Slot {
    Watched* watched = nullptr;
    std::uint32_t next = 0;
  };
  struct Links {
    std::vector<Slot>* slots;
    std::uint32_t next(std::uint32_t id) const noexcept { return (*slots)[id].next; }
    void set_next(std::uint32_t id, std::uint32_t next) const noexcept { (*slots)[id].next = next; }
  };

  void read_time() noexcept;
  void run_deadlines() noexcept;
  void run_ready() noexcept;

  const std::unique_ptr<Ring> ring_;
  Port& port_;
  const Clock& clock_;
  std::unique_ptr<RingDoorbell> doorbell_;
  std::vector<LoopHook*> hooks_;
  BootTime now_;
  std::int64_t wall_offset_ms_ = 0;
  std::int64_t wake_ms_ = 0;
  bool stopping_ = false;
  bool stack_has_secret_ = false;

  // Slot 0 is not used. A slot that its owner has forgotten is free only after its last look, because the
  // wheel holds it until then.
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  LazyWheel<Links> deadlines_;
  std::int64_t deadlines_wake_ms_ =
      kNever;  ///< the wheel's next wake, kept because asking scans all its levels

  Nursery nursery_;
  ReadyQueue ready_;
};

/// A coroutine that waits for a time.
class Sleep final : public Watched {
 public:
  Sleep(Loop& loop, BootTime when) noexcept : loop_(loop), when_(when) {}
  bool await_ready() const noexcept { return loop_.now() >= when_; }
  void await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    loop_.watch(*this, when_.ms);
  }
  void await_resume() const noexcept {}

  std::int64_t look(BootTime now) noexcept override {
    if (now < when_) return when_.ms;
    loop_.forget(*this);
    waiter_.resume();
    return kNever;
  }

 private:
  Loop& loop_;
  BootTime when_;
  std::coroutine_handle<> waiter_;
};

inline auto Loop::sleep_until(BootTime when) noexcept { return Sleep(*this, when); }

}  // namespace latchkey::runtime
