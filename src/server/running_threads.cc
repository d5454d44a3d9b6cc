#include "server/running_threads.h"

#include <unistd.h>

#include <memory>

#include "server/server.h"
#include "server/stderr_sink.h"

namespace latchkey::server {

namespace {

runtime::RingTable rings_of(const Ports& ports, const Threads& threads, const Cores& cores) {
  runtime::RingTable rings(ports.count(), -1);
  rings[ports.control()] = threads.control->ring().fd();
  rings[ports.store()] = threads.store_worker->ring_fd();
  for (const std::unique_ptr<runtime::Worker>& worker : threads.hash_workers) {
    rings[worker->port_id()] = worker->ring_fd();
  }
  for (const std::unique_ptr<Core>& core : cores.cores) rings[core->port_id()] = core->ring_fd();
  return rings;
}

void end_if_refused(const Result<void>& started) {
  if (started) return;
  say_on_stderr("latchkeyd: " + started.error().text + '\n');
  ::_exit(kExitRefused);
}

}  // namespace

RunningThreads::RunningThreads(const Ports& ports, const Threads& threads, const Cores& cores)
    : threads_(threads), cores_(cores), rings_(rings_of(ports, threads, cores)) {
  // The main thread waits for a worker's end right after waking it, so its doorbell must send at once.
  end_if_refused(threads_.control->start(rings_, true));
}

void RunningThreads::start() {
  started_ = true;
  end_if_refused(try_to_start());
}

Result<void> RunningThreads::try_to_start() {
  LATCHKEY_TRY(threads_.store_worker->start(rings_));
  for (const std::unique_ptr<runtime::Worker>& worker : threads_.hash_workers) {
    LATCHKEY_TRY(worker->start(rings_));
  }
  for (const std::unique_ptr<Core>& core : cores_.cores) LATCHKEY_TRY(core->start(rings_));
  for (const std::unique_ptr<Core>& core : cores_.cores) core->go();
  return {};
}

RunningThreads::~RunningThreads() {
  if (!started_) return;
  for (const std::unique_ptr<Core>& core : cores_.cores) core->join();
  runtime::Port& own = threads_.control->port();
  for (const std::unique_ptr<runtime::Worker>& worker : threads_.hash_workers) worker->stop(own);
  threads_.store_worker->stop(own);
}

}  // namespace latchkey::server
