// Worker: a thread beside the cores, with a port of the mailbox and a small ring that it waits on. It runs
// the messages sent to it in order, and a hook after each batch. It does not preempt the cores (SCHED_BATCH).
// The server owns it.
// Thread: made on the main thread and started once all rings are known. The main thread stops it after all
// its senders have ended.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "latchkey/base/result.h"
#include "latchkey/runtime/doorbell.h"
#include "latchkey/runtime/mailbox.h"
#include "latchkey/runtime/ring.h"

namespace latchkey::runtime {

/// What a kind of worker does besides running its messages.
/// Thread: the worker's.
class WorkerHooks {
 public:
  virtual ~WorkerHooks() = default;
  /// Called once, before the first message.
  virtual void started(Port& /*port*/) noexcept {}
  /// Called after the messages that had arrived have run.
  virtual void after_batch(Port& /*port*/) noexcept {}
};

class Worker {
 public:
  /// `name` is what `ps -L` shows, at most 15 bytes.
  /// Lifetime: `hooks` outlives the worker.
  static Result<std::unique_ptr<Worker>> create(Port& port, std::string name, WorkerHooks& hooks);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  int ring_fd() const noexcept { return ring_->fd(); }
  PortId port_id() const noexcept { return port_.id(); }

  /// Starts the thread and waits until its ring is enabled, so that it can be sent messages afterwards.
  /// Lifetime: `rings` outlives the thread.
  Result<void> start(const RingTable& rings);

  /// Ends the thread once it has run the messages that had arrived, and waits for it. `from` is the caller's
  /// own port.
  /// Requires: the doorbell of `from` reaches this worker at once (`at_once`).
  void stop(Port& from);

 private:
  class Stop;

  Worker(Port& port, std::string name, WorkerHooks& hooks, std::unique_ptr<Ring> ring)
      : port_(port), name_(std::move(name)), hooks_(hooks), ring_(std::move(ring)) {}
  void run(const RingTable& rings) noexcept;

  Port& port_;
  const std::string name_;
  WorkerHooks& hooks_;
  std::unique_ptr<Ring> ring_;
  Result<void> enabled_;
  std::atomic<bool> ready_{false};
  bool stopping_ = false;  // the worker's thread only
  std::thread thread_;
};

}  // namespace latchkey::runtime
