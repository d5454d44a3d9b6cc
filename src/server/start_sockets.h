// The stages of a start that open sockets and descriptors, before the process gives up the right to. Thread:
// the main thread.
#pragma once

#include <cstddef>
#include <vector>

#include "latchkey/base/result.h"
#include "latchkey/net/address.h"
#include "latchkey/store/data_directory.h"
#include "server/core.h"
#include "server/service_manager.h"
#include "server/settings.h"
#include "server/signals.h"

namespace latchkey::server {

/// All that the server listens on.
struct Sockets {
  struct Address {
    net::Endpoint endpoint;  ///< with the port that the kernel chose, where the settings say 0
    bool proxied = false;    ///< the PROXY protocol opens its connections
  };

  std::vector<std::vector<CoreListener>> of_cores;  ///< by the core's number; the admin socket is core 0's
  std::vector<Address> addresses;                   ///< where all cores listen
};

/// Notes the addresses in `directory` for whoever inspects it. Errors: an address or a path that is in use or
/// cannot be had; a directory of the admin socket that is not safe.
Result<Sockets> bind_sockets(const Settings& settings, std::size_t cores,
                             const store::DataDirectory& directory);

/// Refuses a directory in which the admin socket would not be safe. The data directory is not looked at here:
/// the data's own stage has done that, and `--check` may find it missing.
Result<void> check_admin_directory(const Settings& settings);

/// What the main thread reads signals from, and what it tells the service manager by.
struct Channels {
  SignalReader signals;
  ManagerSocket manager;
};

/// Requires: `decide_on_signals` was called. Errors are the kernel's. A service manager that cannot be
/// reached is none of them: standard error says so, and the server starts without it.
Result<Channels> open_channels();

}  // namespace latchkey::server
