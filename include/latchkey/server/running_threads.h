// RunningThreads: all threads but the log's and the pages', for as long as they run. Made by the main thread
// once everything is there that they use, and ended by it: what they use is destroyed after.
#pragma once

#include "latchkey/base/result.h"
#include "latchkey/runtime/doorbell.h"
#include "latchkey/server/ports.h"
#include "latchkey/server/start_cores.h"
#include "latchkey/server/start_threads.h"

namespace latchkey::server {

class RunningThreads {
 public:
  /// Starts the store, the hash workers and the cores, and lets the cores run once all are there. A kernel
  /// that refuses one ends the process with kExitRefused, which standard error explains: threads that have
  /// started wait for those that have not, so there is no way but out. All outlive the object.
  RunningThreads(const Ports& ports, const Threads& threads, const Cores& cores);
  /// Waits for the cores, which have been told to end (drain.h), and ends the other threads after them.
  ~RunningThreads();
  RunningThreads(const RunningThreads&) = delete;
  RunningThreads& operator=(const RunningThreads&) = delete;

 private:
  Result<void> start();

  const Threads& threads_;
  const Cores& cores_;
  const runtime::RingTable rings_;
};

}  // namespace latchkey::server
