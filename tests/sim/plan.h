// Plan: the conditions of one world, drawn once when it begins: how many cores, how long tokens live, how
// tight the bounds are, how often things go wrong. A plain value.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dice.h"
#include "latchkey/token/table.h"

namespace latchkey::sim {

inline constexpr std::int64_t kRefreshStepMs = token::kRefreshStep.count();

struct Plan {
  std::uint32_t cores = 1;
  std::uint32_t users = 1;
  std::uint32_t places = 1;  ///< addresses and user agents that clients log in from
  std::int64_t timeout_ms = 60'000;
  std::size_t tokens_per_user = 0;
  std::size_t max_tokens = 10'000;
  std::size_t max_tombstones = 10'000;
  std::size_t messages_per_way = 64;
  std::uint64_t bell_fails_once_in = 100;
  std::uint64_t disk_fills_once_in = 20'000;  ///< steps
  std::uint64_t crash_once_in = 20'000;       ///< steps
  std::uint64_t stop_once_in = 20'000;        ///< steps
  std::uint64_t settle_once_in = 10'000;      ///< steps
  std::uint64_t wall_set_once_in = 1'000;     ///< moves of the clock per setting of the wall clock
  std::uint64_t jump_once_in = 20;            ///< moves of the clock per long one, to a moment that matters

  std::int64_t period_ms() const noexcept { return timeout_ms / 10; }
  bool is_tight() const noexcept { return max_tokens < 1000; }
  bool forgets_early() const noexcept { return max_tombstones < 1000; }
};

inline Plan make_plan(Dice& dice) {
  Plan plan;
  plan.cores = static_cast<std::uint32_t>(dice.between(1, 4));
  plan.users = static_cast<std::uint32_t>(dice.one_of(std::array{1, 3, 6, 12}));
  plan.places = static_cast<std::uint32_t>(dice.one_of(std::array{1, 3, 6, 24}));
  plan.timeout_ms = dice.one_of(std::array<std::int64_t, 5>{2'000, 5'000, 20'000, 60'000, 1'800'000});
  plan.tokens_per_user = dice.one_of(std::array<std::size_t, 6>{0, 0, 1, 2, 3, 5});
  if (dice.once_in(6)) plan.max_tokens = static_cast<std::size_t>(dice.between(1, 10));
  if (dice.once_in(6)) plan.max_tombstones = static_cast<std::size_t>(dice.between(1, 10));
  plan.messages_per_way = dice.one_of(std::array<std::size_t, 4>{2, 8, 64, 64});
  plan.bell_fails_once_in = dice.one_of(std::array<std::uint64_t, 3>{5, 50, 1000});
  plan.disk_fills_once_in = dice.one_of(std::array<std::uint64_t, 3>{2'000, 20'000, 1'000'000});
  plan.crash_once_in = dice.one_of(std::array<std::uint64_t, 3>{3'000, 10'000, 30'000});
  plan.stop_once_in = dice.one_of(std::array<std::uint64_t, 2>{10'000, 30'000});
  plan.jump_once_in = dice.one_of(std::array<std::uint64_t, 3>{5, 20, 100});
  plan.wall_set_once_in = dice.one_of(std::array<std::uint64_t, 3>{200, 1'000, 1'000'000});
  return plan;
}

}  // namespace latchkey::sim
