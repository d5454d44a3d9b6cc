#include "latchkey/credential/hash_pool.h"

#include <pthread.h>
#include <sched.h>
#include <sodium.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "latchkey/base/assert.h"
#include "latchkey/base/hex.h"
#include "latchkey/base/named_thread.h"

namespace latchkey::credential {

namespace {

constexpr std::size_t kDummyPasswordBytes = 32;

}  // namespace

HashPool::HashPool(const HashSettings& settings, std::vector<runtime::PortId> workers,
                   const std::vector<runtime::PortId>& standbys, std::string dummy_hash, const Clock& clock)
    : settings_(settings),
      workers_(std::move(workers)),
      dummy_hash_(std::move(dummy_hash)),
      clock_(clock),
      progress_(workers_.size()),
      standbys_(standbys.size()) {
  for (std::size_t i = 0; i < standbys.size(); ++i) standbys_[i].port = standbys[i];
}

Result<std::unique_ptr<HashPool>> HashPool::create(const HashSettings& settings,
                                                   std::vector<runtime::PortId> workers,
                                                   const std::vector<runtime::PortId>& standbys,
                                                   Random& random, const Clock& clock) {
  LATCHKEY_ASSERT(!workers.empty());
  LATCHKEY_ASSERT(standbys.empty() || standbys.size() == standbys_for(workers.size()));
  if (sodium_init() < 0)
    return failure(ErrorCode::kUnavailable, "libsodium cannot start: no source of randomness");
  LATCHKEY_TRY(check_hash_settings(settings));
  const auto password = random.bytes<kDummyPasswordBytes>();
  const BootTime began = clock.boot();
  LATCHKEY_TRY(std::string dummy, make_hash(to_hex(password), settings));
  const std::chrono::milliseconds took = clock.boot() - began;
  std::unique_ptr<HashPool> pool(
      new HashPool(settings, std::move(workers), standbys, std::move(dummy), clock));
  pool->refusal_step().cover(took.count());
  return pool;
}

void HashPool::started(runtime::Port& port) noexcept {
  const auto worker = std::find(workers_.begin(), workers_.end(), port.id());
  if (worker == workers_.end()) return;
  set_own_policy(SCHED_IDLE);
  clockid_t clock = kNoClock;
  if (pthread_getcpuclockid(pthread_self(), &clock) == 0)
    progress_[static_cast<std::size_t>(worker - workers_.begin())].cpu_clock.store(clock);
}

std::chrono::nanoseconds HashPool::cpu_time_of(std::size_t worker) const noexcept {
  const clockid_t clock = progress_[worker].cpu_clock.load();
  timespec time{};
  if (clock == kNoClock || clock_gettime(clock, &time) != 0) return {};
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

std::optional<runtime::PortId> HashPool::engage_standby_of(std::size_t worker) noexcept {
  if (standbys_.empty()) return std::nullopt;
  Standby& standby = standbys_[worker / kWorkersPerStandby];
  if (standby.engaged.exchange(true, std::memory_order_acq_rel)) return std::nullopt;
  return standby.port;
}

void HashPool::note_done(std::size_t worker) noexcept {
  progress_[worker].done_ms.store(clock_.boot().ms, std::memory_order_relaxed);
}

void HashPool::note_relief(std::size_t worker) noexcept {
  progress_[worker].relief_ms.store(clock_.boot().ms, std::memory_order_relaxed);
  standbys_[worker / kWorkersPerStandby].engaged.store(false, std::memory_order_release);
}

}  // namespace latchkey::credential
