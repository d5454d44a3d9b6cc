#include "server/ports.h"

#include <sched.h>

#include <algorithm>

#include "latchkey/credential/hash_pool.h"

namespace latchkey::server {

namespace {

std::size_t usable_cpus() noexcept {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  if (::sched_getaffinity(0, sizeof cpus, &cpus) != 0) return 1;
  return std::max<std::size_t>(static_cast<std::size_t>(CPU_COUNT(&cpus)), 1);
}

}  // namespace

Ports::Ports(const Settings& settings) noexcept
    : cores_(settings.cores > 0 ? settings.cores : usable_cpus()),
      hash_workers_(settings.hash_threads > 0 ? settings.hash_threads : cores_),
      standbys_(credential::HashPool::standbys_for(hash_workers_)) {}

}  // namespace latchkey::server
