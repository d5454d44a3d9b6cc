// RunningThreads: the threads of the store, the hash workers and the cores, for as long as they run.
// Thread: the main thread creates and destroys it.
// Lifetime: everything that the threads use must exist before it and outlive it.
#pragma once

#include "latchkey/base/result.h"
#include "latchkey/runtime/doorbell.h"
#include "server/ports.h"
#include "server/start_cores.h"
#include "server/start_threads.h"

namespace latchkey::server {

class RunningThreads {
 public:
  /// Enables the main thread's ring, so that its loop turns while the data are loaded. If the
  /// kernel refuses, standard error says so and the process ends with kExitRefused. Lifetime: the arguments
  /// must outlive the object.
  RunningThreads(const Ports& ports, const Threads& threads, const Cores& cores);
  /// Starts the other threads, and lets the cores run once all have started. It ends the process in the same
  /// way if the kernel refuses a thread: the threads that did start wait for the missing one, so they cannot
  /// be ended in order.
  void start();
  /// Waits for the cores' threads, then ends the others, if `start` was called.
  /// Requires: the cores have been told to end (`drain.h`).
  ~RunningThreads();
  RunningThreads(const RunningThreads&) = delete;
  RunningThreads& operator=(const RunningThreads&) = delete;

 private:
  Result<void> try_to_start();

  const Threads& threads_;
  const Cores& cores_;
  const runtime::RingTable rings_;  ///< of all threads; none rings after they have ended
  bool started_ = false;
};

}  // namespace latchkey::server
