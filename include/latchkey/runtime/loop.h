// Loop: what one core thread does all day. A pass waits in the kernel, runs the completions, the messages of
// other threads, the deadlines that have come, and the hooks. Owned by its thread; everything that lives on
// the core (connections, shard, services) is reached from coroutines that this loop resumes.
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

/// What else runs on the loop's thread; called in the order in which hooks were added.
class LoopHook {
 public:
  virtual ~LoopHook() = default;
  /// Before the thread waits in the kernel: it holds no reference into memory that other cores replace.
  virtual void before_wait() noexcept {}
  /// After the wait, before anything else of the pass.
  virtual void after_wait() noexcept {}
  /// Once a pass, at its end. Returns when it has something to do again (boot time, ms), kNever if never.
  virtual std::int64_t pass(BootTime now) noexcept = 0;
};

/// Something with a deadline. The deadline may move at any time at no cost: the loop looks again when it
/// comes.
class Watched {
 public:
  /// Called at or after the time it asked for, within Loop::kTickMs, and before it where that is further than
  /// Loop::kStrideMs away. Returns when to look again (boot time, ms). May forget and destroy itself.
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
  /// How late a look may come.
  static constexpr std::int64_t kTickMs = 50;
  /// The most coroutines of `ready()` that go on in one pass.
  static constexpr std::size_t kReadyPerPass = 256;

  Loop(std::unique_ptr<Ring> ring, Port& port, const Clock& clock);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Before `start`; `hook` outlives the loop.
  void add_hook(LoopHook& hook) { hooks_.push_back(&hook); }

  /// On the thread that owns the loop, first: enables the ring. `rings` outlives its last pass.
  Result<void> start(const RingTable& rings, bool doorbell_at_once = false);

  /// Runs passes until `stop` was called (on this thread) and nothing runs in the loop's and the port's
  /// nurseries.
  void run() noexcept;
  void stop() noexcept { stopping_ = true; }

  /// What this pass runs may leave a password on the stack: at its end, when all frames of it are gone, that
  /// is overwritten.
  void scrub_stack_after_pass() noexcept { stack_has_secret_ = true; }

  /// One pass, for who drives the loop himself: a simulation, a test.
  void pass() noexcept;

  Ring& ring() noexcept { return *ring_; }
  Port& port() noexcept { return port_; }
  Nursery& nursery() noexcept { return nursery_; }
  /// Its coroutines go on at the end of the pass.
  ReadyQueue& ready() noexcept { return ready_; }

  /// The time of this pass; no system call.
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

  // Slot 0 is nobody's. A slot is free again after its last look, not when its owner forgets it: the wheel
  // still holds it until then.
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  LazyWheel<Links> deadlines_;
  std::int64_t deadlines_wake_ms_ = kNever;  ///< the wheel's next wake: to ask it scans all its levels

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
