#include "latchkey/runtime/loop.h"

#include <algorithm>
#include <utility>

#include "latchkey/base/assert.h"
#include "latchkey/base/scrub.h"

namespace latchkey::runtime {

namespace {

// Bounds the deadlines of one pass; the rest waits for the next.
constexpr std::size_t kDeadlinesPerPass = 2048;

// More than the coroutines of a request use when they resume one another, even without optimisation.
constexpr std::size_t kPassStackBytes = std::size_t{32} << 10;

}  // namespace

Loop::Loop(std::unique_ptr<Ring> ring, Port& port, const Clock& clock)
    : ring_(std::move(ring)),
      port_(port),
      clock_(clock),
      now_(clock.boot()),
      slots_(1),
      deadlines_(Links{&slots_}, kTickMs, now_.ms) {
  read_time();
}

Loop::~Loop() { LATCHKEY_ASSERT(nursery_.running() == 0); }

Result<void> Loop::start(const RingTable& rings, bool doorbell_at_once) {
  doorbell_ = std::make_unique<RingDoorbell>(*ring_, port_, rings, doorbell_at_once);
  read_time();
  return ring_->enable();
}

void Loop::run() noexcept {
  while (!stopping_ || nursery_.running() > 0 || port_.nursery().running() > 0) pass();
  // Hands over what the last pass queued: a reply's doorbell, a connection's close.
  ring_->submit();
}

void Loop::pass() noexcept {
  std::int64_t wake_ms = std::min(wake_ms_, deadlines_wake_ms_);
  if (port_.owes_wakes()) wake_ms = std::min(wake_ms, now_.ms + Port::kWakeAgainMs);
  for (LoopHook* const hook : hooks_) hook->before_wait();
  ring_->wait(wake_ms == kNever ? -1 : std::max<std::int64_t>(wake_ms - now_.ms, 0));
  read_time();
  for (LoopHook* const hook : hooks_) hook->after_wait();
  port_.wake_again();
  // Completions come before deadlines, so that bytes that arrived in time do not count as late because this
  // thread was.
  if (ring_->run_completions()) port_.drain();
  if (now_.ms >= deadlines_wake_ms_) run_deadlines();
  wake_ms_ = kNever;
  for (LoopHook* const hook : hooks_) wake_ms_ = std::min(wake_ms_, hook->pass(now_));
  if (!ready_.is_empty()) run_ready();
  if (std::exchange(stack_has_secret_, false)) scrub_stack<kPassStackBytes>();
}

void Loop::run_ready() noexcept {
  ready_.run(kReadyPerPass);
  if (!ready_.is_empty()) wake_ms_ = now_.ms;
}

void Loop::read_time() noexcept {
  now_ = clock_.boot();
  wall_offset_ms_ = clock_.wall().ms - now_.ms;
}

void Loop::run_deadlines() noexcept {
  deadlines_.advance(now_.ms, kDeadlinesPerPass, [this](std::uint32_t id) -> std::int64_t {
    Watched* const watched = slots_[id].watched;
    if (watched != nullptr) {
      const std::int64_t due_ms = watched->look(now_);
      // The look may have forgotten and destroyed it.
      if (slots_[id].watched != nullptr) return std::clamp(due_ms, now_.ms + 1, now_.ms + kStrideMs);
    }
    free_slots_.push_back(id);
    return LazyWheel<Links>::kDrop;
  });
  deadlines_wake_ms_ = deadlines_.next_wake_ms();
}

void Loop::watch(Watched& watched, std::int64_t first_look_ms) {
  LATCHKEY_ASSERT(watched.slot_ == 0);
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  slots_[slot].watched = &watched;
  watched.slot_ = slot;
  // The wheel's own time stops while nothing is due, and is far behind after a halt of the machine.
  deadlines_.catch_up(now_.ms);
  deadlines_.file(slot, std::clamp(first_look_ms, now_.ms + 1, now_.ms + kStrideMs));
  deadlines_wake_ms_ = deadlines_.next_wake_ms();
}

void Loop::forget(Watched& watched) noexcept {
  if (watched.slot_ == 0) return;
  slots_[watched.slot_].watched = nullptr;
  watched.slot_ = 0;
}

}  // namespace latchkey::runtime
