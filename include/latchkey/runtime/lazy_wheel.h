// LazyWheel: a hierarchical timer wheel over 32-bit ids. Each id has one link, which lives with the ids'
// owner. The wheel is lazy: an id cannot be taken out. When its slot comes round, the owner says whether and
// when to visit it again.
// Thread: the owner's.
//
// An id is filed once and touched once. It never moves from a coarse level to a finer one, so the wheel need
// not record when an id is due, and the work of a call is exactly the ids it visits. The price is precision:
// a slot of level k is 4^k ticks wide. An id is late by at most 1/64 of the time it was filed for, and by
// less than a tick within 254 ticks.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

#include "latchkey/base/assert.h"

namespace latchkey::runtime {

/// `Links` has `std::uint32_t next(std::uint32_t id)` and `void set_next(std::uint32_t id, std::uint32_t
/// next)`. While an id is filed, only the wheel uses its link.
/// Requires: an id is filed at most once at a time.
template <class Links>
class LazyWheel {
 public:
  /// A visit returns this for an id that is not to be filed again.
  static constexpr std::int64_t kDrop = std::numeric_limits<std::int64_t>::max();
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  /// Times are milliseconds of one clock that does not go back. The wheel's first tick begins at `now_ms`.
  LazyWheel(Links links, std::int64_t tick_ms, std::int64_t now_ms)
      : links_(links), tick_ms_(tick_ms), start_ms_(now_ms) {
    LATCHKEY_ASSERT(tick_ms > 0);
    running_.fill(kNone);
  }

  /// Files an id to be visited by the first `advance` at or after `due_ms`, rounded up to the end of its
  /// slot. A time that has passed means the next tick. A time past the horizon (2^38 ticks) is taken as the
  /// horizon: that visit is early.
  void file(std::uint32_t id, std::int64_t due_ms) noexcept {
    const std::int64_t distance =
        std::clamp<std::int64_t>(tick_at_or_after(due_ms) - tick_, 1, kHorizonTicks);
    const std::size_t index = level_for(distance);
    Level& level = filed_[index];
    const int shift = shift_of(index);
    const std::int64_t number = (tick_ + distance + (std::int64_t{1} << shift) - 1) >> shift;
    const std::size_t slot = slot_of(number);
    links_.set_next(id, level.first[slot]);
    level.put(slot, id);
  }

  /// Visits at most `budget` ids that are due at `now_ms` and returns how many. The next call goes on with
  /// the rest. `visit(id)` returns when the id is due next, or kDrop. It may file other ids. The precision of
  /// ids filed by a visit is measured from `now_ms`, however far time has moved on. While a budget leaves ids
  /// behind, it is measured from the `now_ms` of the call that found them due.
  template <class Visit>
  std::size_t advance(std::int64_t now_ms, std::size_t budget, Visit&& visit) {
    std::size_t visited = 0;
    while (true) {
      visited += run_open_slots(budget - visited, visit);
      if (has_open_slots()) break;
      if (due_slots_ > 0) {
        open_next_due();
      } else if (!take_due(now_ms)) {
        break;
      }
    }
    return visited;
  }

  /// Measures the precision of later filings from `now_ms` and visits nothing. For a call of `file` outside
  /// `advance`. Does nothing while due ids wait to be visited.
  void catch_up(std::int64_t now_ms) noexcept {
    if (!behind()) take_due(now_ms);
  }

  /// Whether due ids wait to be visited.
  bool behind() const noexcept { return due_slots_ > 0 || has_open_slots(); }

  /// The earliest time at which `advance` has something to do, or kNever if nothing is filed.
  std::int64_t next_wake_ms() const noexcept {
    if (behind()) return ms_of(run_tick_);
    const std::int64_t next = next_occupied_tick(filed_, tick_);
    return next == kNever ? kNever : ms_of(next);
  }

 private:
  static constexpr std::uint32_t kNone = 0xFFFF'FFFF;
  static constexpr std::size_t kLevels = 16;
  static constexpr std::size_t kSlots = 256;
  static constexpr int kLevelBits = 2;
  // Not 256: rounding up may add a slot, and the clock's current slot has already been run.
  static constexpr std::int64_t kReach = 254;
  static constexpr std::int64_t kHorizonTicks = kReach << (kLevelBits * (kLevels - 1));

  struct Level {
    std::array<std::uint32_t, kSlots> first;
    std::array<std::uint64_t, kSlots / 64> occupied{};

    Level() noexcept { first.fill(kNone); }

    void put(std::size_t slot, std::uint32_t id) noexcept {
      first[slot] = id;
      occupied[slot / 64] |= std::uint64_t{1} << (slot % 64);
    }
    std::uint32_t take(std::size_t slot) noexcept {
      occupied[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
      return std::exchange(first[slot], kNone);
    }
  };

  static constexpr int shift_of(std::size_t level) noexcept { return kLevelBits * static_cast<int>(level); }

  static std::size_t slot_of(std::int64_t number) noexcept {
    return static_cast<std::size_t>(number) & (kSlots - 1);
  }

  static std::size_t level_for(std::int64_t distance) noexcept {
    std::size_t level = 0;
    while (distance > (kReach << shift_of(level))) ++level;
    return level;
  }

  std::int64_t tick_at_or_before(std::int64_t time_ms) const noexcept {
    return time_ms <= start_ms_ ? 0 : (time_ms - start_ms_) / tick_ms_;
  }
  std::int64_t tick_at_or_after(std::int64_t time_ms) const noexcept {
    const std::int64_t tick = tick_at_or_before(time_ms);
    return ms_of(tick) < time_ms ? tick + 1 : tick;
  }
  std::int64_t ms_of(std::int64_t tick) const noexcept { return start_ms_ + tick * tick_ms_; }

  bool has_open_slots() const noexcept {
    return std::any_of(running_.begin(), running_.end(), [](std::uint32_t id) { return id != kNone; });
  }

  /// Moves every slot that ends by `now_ms` to `due_`, without walking a list. False if no tick has passed.
  /// Requires: `due_` is empty.
  bool take_due(std::int64_t now_ms) noexcept {
    const std::int64_t target = tick_at_or_before(now_ms);
    run_tick_ = tick_;
    if (target <= tick_) return false;
    for (std::size_t index = 0; index < kLevels; ++index) {
      const std::int64_t number = tick_ >> shift_of(index);
      const std::int64_t passed = (target >> shift_of(index)) - number;
      if (passed == 0) break;
      Level& filed = filed_[index];
      for (std::size_t ahead = first_occupied_after(filed, slot_of(number));
           ahead != 0 && static_cast<std::int64_t>(ahead) <= passed;
           ahead = first_occupied_after(filed, slot_of(number))) {
        const std::size_t slot = slot_of(number + static_cast<std::int64_t>(ahead));
        due_[index].put(slot, filed.take(slot));
        ++due_slots_;
      }
    }
    tick_ = target;
    return true;
  }

  /// Opens all slots that end at the earliest due tick.
  void open_next_due() noexcept {
    run_tick_ = next_occupied_tick(due_, run_tick_);
    for (std::size_t index = 0; index < kLevels; ++index) {
      const int shift = shift_of(index);
      if ((run_tick_ & ((std::int64_t{1} << shift) - 1)) != 0) return;
      running_[index] = due_[index].take(slot_of(run_tick_ >> shift));
      if (running_[index] != kNone) --due_slots_;
    }
  }

  template <class Visit>
  std::size_t run_open_slots(std::size_t budget, Visit& visit) {
    std::size_t visited = 0;
    for (std::uint32_t& head : running_) {
      while (head != kNone && visited < budget) {
        const std::uint32_t id = head;
        head = links_.next(id);
        ++visited;
        const std::int64_t due_ms = visit(id);
        if (due_ms != kDrop) file(id, due_ms);
      }
    }
    return visited;
  }

  /// The first tick after `tick` at which an occupied slot of `levels` ends, or kNever.
  static std::int64_t next_occupied_tick(const std::array<Level, kLevels>& levels,
                                         std::int64_t tick) noexcept {
    std::int64_t best = kNever;
    for (std::size_t index = 0; index < kLevels; ++index) {
      const std::int64_t number = tick >> shift_of(index);
      const std::size_t ahead = first_occupied_after(levels[index], slot_of(number));
      if (ahead == 0) continue;
      best = std::min(best, (number + static_cast<std::int64_t>(ahead)) << shift_of(index));
    }
    return best;
  }

  /// How many slots after `slot` the next occupied one comes (1 to 255), or 0 if all are empty.
  static std::size_t first_occupied_after(const Level& level, std::size_t slot) noexcept {
    for (std::size_t ahead = 1; ahead < kSlots;) {
      const std::size_t at = (slot + ahead) & (kSlots - 1);
      const std::uint64_t rest = level.occupied[at / 64] >> (at % 64);
      if (rest != 0) {
        const std::size_t found = ahead + static_cast<std::size_t>(std::countr_zero(rest));
        return found < kSlots ? found : 0;
      }
      ahead += 64 - at % 64;
    }
    return 0;
  }

  Links links_;
  const std::int64_t tick_ms_;
  const std::int64_t start_ms_;
  // Filed ids lie after `tick_`. Those that end by it are in `due_`, after `run_tick_`, and in `running_`.
  std::int64_t tick_ = 0;
  std::int64_t run_tick_ = 0;
  std::size_t due_slots_ = 0;
  std::array<std::uint32_t, kLevels> running_;
  std::array<Level, kLevels> filed_;
  std::array<Level, kLevels> due_;
};

}  // namespace latchkey::runtime
