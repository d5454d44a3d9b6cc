// RunningThreads: the threads of store, hash workers and cores, for as long as they run. The main thread
// makes the object once all that they use is there, and destroys it before any of that goes.
#pragma once

#include "latchkey/base/result.h"
#include "latchkey/runtime/doorbell.h"
#include "server/ports.h"
#include "server/start_cores.h"
#include "server/start_threads.h"

namespace latchkey::server {

class RunningThreads {
 public:
  /// Starts the threads, and lets the cores run once all have started. Where the kernel refuses one, standard
  /// error says so and the process ends with kExitRefused: the threads that have started wait for those that
  /// have not, so there is no way but out. Lifetime: all that is passed in outlives the object.
  RunningThreads(const Ports& ports, const Threads& threads, const Cores& cores);
  /// Waits for the cores' threads, and ends the others after them. Requires: the cores have been told to end
  /// (drain.h).
  ~RunningThreads();
  RunningThreads(const RunningThreads&) = delete;
  RunningThreads& operator=(const RunningThreads&) = delete;

 private:
  Result<void> start();

  const Threads& threads_;
  const Cores& cores_;
  const runtime::RingTable rings_;  ///< of all threads; nobody rings once they have ended
};

}  // namespace latchkey::server
