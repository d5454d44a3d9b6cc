// A thread with a name, as `ps -L` and a debugger show it, and its scheduling policy.
#pragma once

#include <pthread.h>
#include <sched.h>

#include <string>
#include <thread>
#include <utility>

namespace latchkey {

/// Starts a thread that runs `body()`. `name` has at most 15 bytes: the kernel takes no longer one. The
/// thread names itself, since to name another is to write a file below /proc, which a confined process may
/// not.
template <class Body>
std::thread named_thread(std::string name, Body body) {
  return std::thread([name = std::move(name), body = std::move(body)]() mutable {
    pthread_setname_np(pthread_self(), name.c_str());
    body();
  });
}

/// Gives the calling thread SCHED_BATCH or SCHED_IDLE (sched(7)): one that wakes with either does not take
/// the CPU from one that runs. Where the kernel refuses, that costs the cores some latency and nothing else.
inline void set_own_policy(int policy) noexcept {
  const sched_param parameters{};
  static_cast<void>(sched_setscheduler(0, policy, &parameters));
}

/// A named_thread of SCHED_BATCH: for all that runs beside the cores.
template <class Body>
std::thread background_thread(std::string name, Body body) {
  return named_thread(std::move(name), [body = std::move(body)]() mutable {
    set_own_policy(SCHED_BATCH);
    body();
  });
}

}  // namespace latchkey
