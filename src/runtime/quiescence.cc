#include "latchkey/runtime/quiescence.h"

#include <algorithm>
#include <limits>

namespace latchkey::runtime {

// Why this is enough, without stand-alone fences. The owner unpublishes an object, raises the epoch to E,
// then looks at each slot by a read-modify-write. For each core, one of three things holds:
// - Its activate comes after the look in the slot's order. It reads what the look wrote, so it
//   synchronises with the look and sees that the object is unpublished.
// - Its slot holds an epoch of at least E. It read the epoch from the raise or later, and sees the same.
// - Its slot holds less: the object waits.
// Whatever a core read before a later activate or rest happens before a look that reads what those wrote.

Quiescence::Quiescence(CoreId cores)
    : cores_(cores), slots_(std::make_unique<Slot[]>(cores)), state_(std::make_unique<State[]>(cores)) {
  LATCHKEY_ASSERT(cores > 0);
}

Quiescence::~Quiescence() {
  for (CoreId core = 0; core < cores_; ++core) collect_all(core);
}

void Quiescence::activate(CoreId core) noexcept {
  state_[core].pass += 2 - (state_[core].pass + 1) % 2;
  slots_[core].epoch.exchange(epoch_.load(std::memory_order_acquire), std::memory_order_acq_rel);
}

void Quiescence::rest(CoreId core) noexcept {
  state_[core].pass += state_[core].pass % 2;
  slots_[core].epoch.store(0, std::memory_order_release);
}

void Quiescence::retire(CoreId core, Reclaim reclaim, void* owner, void* object, std::size_t bytes) {
  State& state = state_[core];
  LATCHKEY_ASSERT(state.retired.size() < 2 * kMaxRetired);
  const std::uint64_t epoch = epoch_.fetch_add(1, std::memory_order_acq_rel) + 1;
  state.retired.push_back({epoch, reclaim, owner, object, bytes});
  state.retired_bytes += bytes;
}

std::size_t Quiescence::collect(CoreId core) noexcept {
  State& state = state_[core];
  if (state.retired.empty()) return 0;
  const std::uint64_t oldest = oldest_active();
  std::size_t freed = 0;
  while (!state.retired.empty() && state.retired.front().epoch <= oldest) {
    free_first(state);
    ++freed;
  }
  return freed;
}

void Quiescence::collect_all(CoreId core) noexcept {
  while (!state_[core].retired.empty()) free_first(state_[core]);
}

std::uint64_t Quiescence::oldest_active() noexcept {
  std::uint64_t oldest = std::numeric_limits<std::uint64_t>::max();
  for (CoreId core = 0; core < cores_; ++core) {
    const std::uint64_t epoch = slots_[core].epoch.fetch_add(0, std::memory_order_acq_rel);
    if (epoch != 0) oldest = std::min(oldest, epoch);
  }
  return oldest;
}

void Quiescence::free_first(State& state) noexcept {
  // Taken out first, because a reclaim may itself retire something.
  const Retired retired = state.retired.front();
  state.retired.pop_front();
  state.retired_bytes -= retired.bytes;
  retired.reclaim(retired.owner, retired.object, retired.bytes);
}

}  // namespace latchkey::runtime
