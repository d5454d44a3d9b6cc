// Pools of hash workers that a test drives by hand on its only thread.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "latchkey/base/assert.h"
#include "latchkey/base/clock.h"
#include "latchkey/base/random.h"
#include "latchkey/credential/hash_pool.h"

namespace latchkey::test {

inline constexpr credential::HashSettings kCheapHash{.memory_bytes = credential::kMinHashMemoryBytes,
                                                     .passes = 1};

inline std::unique_ptr<credential::HashPool> must_make_pool(
    std::vector<runtime::PortId> workers, const credential::HashSettings& settings, const Clock& clock,
    const std::vector<runtime::PortId>& standbys = {}) {
  SystemRandom random;
  Result<std::unique_ptr<credential::HashPool>> pool =
      credential::HashPool::create(settings, std::move(workers), standbys, random, clock);
  LATCHKEY_ASSERT(pool.has_value());
  return std::move(*pool);
}

/// The same with a clock that stands still.
inline std::unique_ptr<credential::HashPool> must_make_pool(
    std::vector<runtime::PortId> workers, const credential::HashSettings& settings = kCheapHash) {
  static const ManualClock clock;
  return must_make_pool(std::move(workers), settings, clock);
}

}  // namespace latchkey::test
