// Hash workers that a test turns by hand on its only thread. Port 0 is the client's.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "../store/store_rig.h"
#include "latchkey/base/random.h"
#include "latchkey/credential/hash_pool.h"

namespace latchkey::credential {

/// Every look at it takes so long; any thread.
class TickingClock final : public Clock {
 public:
  explicit TickingClock(std::int64_t tick_ms = 17) noexcept : tick_ms_(tick_ms) {}
  BootTime boot() const noexcept override { return {now_ms_ += tick_ms_}; }
  WallTime wall() const noexcept override { return {}; }

 private:
  const std::int64_t tick_ms_;
  mutable std::atomic<std::int64_t> now_ms_{0};
};

inline constexpr HashSettings kCheapHash{.memory_bytes = kMinHashMemoryBytes, .passes = 1};

inline std::unique_ptr<HashPool> must_make_pool(std::vector<runtime::PortId> workers,
                                                const HashSettings& settings, const Clock& clock,
                                                const std::vector<runtime::PortId>& standbys = {}) {
  SystemRandom random;
  Result<std::unique_ptr<HashPool>> pool =
      HashPool::create(settings, std::move(workers), standbys, random, clock);
  LATCHKEY_ASSERT(pool.has_value());
  return std::move(*pool);
}

/// With a clock that stands still.
inline std::unique_ptr<HashPool> must_make_pool(std::vector<runtime::PortId> workers,
                                                const HashSettings& settings = kCheapHash) {
  static const ManualClock clock;
  return must_make_pool(std::move(workers), settings, clock);
}

}  // namespace latchkey::credential
