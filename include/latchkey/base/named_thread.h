// Threads with a scheduling policy and a name, which `ps -L` and a debugger show.
#pragma once

#include <pthread.h>
#include <sched.h>

#include <string>
#include <thread>
#include <utility>

namespace latchkey {

/// Starts a thread that runs `body()`. The thread names itself, because naming another one means writing a
/// file below /proc, which a confined process may not do.
/// Requires: `name` has at most 15 bytes, the kernel's limit.
template <class Body>
std::thread named_thread(std::string name, Body body) {
  return std::thread([name = std::move(name), body = std::move(body)]() mutable {
    pthread_setname_np(pthread_self(), name.c_str());
    body();
  });
}

/// Gives the calling thread SCHED_BATCH or SCHED_IDLE (sched(7)). When such a thread wakes, it does not take
/// the CPU from a running one. If the kernel refuses, the only cost is some latency on the cores.
inline void set_own_policy(int policy) noexcept {
  const sched_param parameters{};
  static_cast<void>(sched_setscheduler(0, policy, &parameters));
}

/// A named_thread under SCHED_BATCH, for everything that runs beside the cores.
template <class Body>
std::thread background_thread(std::string name, Body body) {
  return named_thread(std::move(name), [body = std::move(body)]() mutable {
    set_own_policy(SCHED_BATCH);
    body();
  });
}

}  // namespace latchkey
