// A thread with a name, as `ps -L` and a debugger show it.
#pragma once

#include <pthread.h>

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

}  // namespace latchkey
