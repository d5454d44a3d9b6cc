// What the main thread does while the server runs: it waits for the signal that ends the run, then stops the
// cores step by step.
#pragma once

#include <memory>
#include <vector>

#include "latchkey/base/log.h"
#include "latchkey/runtime/loop.h"
#include "latchkey/store/store_thread.h"
#include "server/core.h"
#include "server/logs.h"
#include "server/pulse.h"
#include "server/reloader.h"
#include "server/service_manager.h"
#include "server/signals.h"
#include "server/status_handler.h"
#include "server/status_listener.h"

namespace latchkey::server {

/// What `serve_until_signal` works with.
struct ServingParts {
  runtime::Loop& control;  ///< the main thread's
  SignalReader& signals;
  ServiceManager& manager;
  const std::vector<std::unique_ptr<Core>>& cores;  ///< all running
  const store::StoreMetrics& store;
  Pulse& pulse;
  StatusHandler& status;
  StatusListener& status_listener;
  Logs& log;
  const Reloader& reloader;  ///< has the settings in force
  bool sockets_are_kept;     ///< another process goes on with them
  bool hang_up_stops;        ///< SIGHUP stops the server, as on a terminal
};

/// Returns once each core has been told to end its loop. True if the run ended in order, that is, if every
/// refresh that a shard owed the store has been written.
bool serve_until_signal(const ServingParts& parts);

}  // namespace latchkey::server
