// Real threads around ports, woken by semaphores instead of rings. For code that must hold under
// ThreadSanitizer.
#pragma once

#include <atomic>
#include <memory>
#include <semaphore>
#include <thread>
#include <vector>

#include "latchkey/runtime/mailbox.h"
#include "latchkey/runtime/nursery.h"
#include "latchkey/runtime/worker.h"

namespace latchkey::test {

/// One for all ports of a mailbox.
/// Thread: any.
class SemaphoreDoorbell final : public runtime::Doorbell {
 public:
  explicit SemaphoreDoorbell(std::size_t ports) {
    for (std::size_t i = 0; i < ports; ++i) bells_.push_back(std::make_unique<std::counting_semaphore<>>(0));
  }
  void wake(runtime::PortId to) noexcept override { bells_[to]->release(); }
  void wait(runtime::PortId at) noexcept { bells_[at]->acquire(); }

 private:
  std::vector<std::unique_ptr<std::counting_semaphore<>>> bells_;
};

/// Runs messages sent to a port on its own thread, as runtime::Worker does, until destroyed.
class PortThread {
 public:
  PortThread(SemaphoreDoorbell& doorbell, runtime::Port& port, runtime::WorkerHooks& hooks)
      : doorbell_(doorbell), port_(port), thread_([this, &hooks] {
          hooks.started(port_);
          while (!stopping_.load(std::memory_order_acquire)) {
            doorbell_.wait(port_.id());
            port_.drain();
            hooks.after_batch(port_);
          }
        }) {}
  PortThread(const PortThread&) = delete;
  PortThread& operator=(const PortThread&) = delete;
  ~PortThread() {
    stopping_.store(true, std::memory_order_release);
    doorbell_.wake(port_.id());
    thread_.join();
  }

 private:
  SemaphoreDoorbell& doorbell_;
  runtime::Port& port_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

/// Runs until everything in `nursery` has ended.
/// Thread: the client's.
inline void run_until_ended(SemaphoreDoorbell& doorbell, runtime::Port& port,
                            const runtime::Nursery& nursery) {
  while (nursery.running() > 0) {
    doorbell.wait(port.id());
    port.drain();
  }
}

}  // namespace latchkey::test
