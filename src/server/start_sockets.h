// The stages of a start that open sockets and descriptors, before the process gives up the right to do so.
// Thread: the main thread.
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

/// Everything that the server listens on.
struct Sockets {
  struct Address {
    net::Endpoint endpoint;  ///< if the settings say port 0, with the one that the kernel chose
    bool proxied = false;    ///< its connections begin with a PROXY protocol header
  };

  std::vector<std::vector<CoreListener>> of_cores;  ///< by the core's number; the admin socket is core 0's
  std::vector<Address> addresses;                   ///< where all cores listen
};

/// Also notes the addresses in `directory`, for whatever inspects it.
/// Errors: an address or path is in use or not available; the admin socket's directory is not safe.
Result<Sockets> bind_sockets(const Settings& settings, std::size_t cores,
                             const store::DataDirectory& directory);

/// Refuses a directory in which the admin socket would not be safe. It does not look at the data directory:
/// the data's own stage has done so, and `--check` may find it missing.
Result<void> check_admin_directory(const Settings& settings);

/// The descriptors from which the main thread reads signals and by which it tells the service manager.
struct Channels {
  SignalReader signals;
  ManagerSocket manager;
};

/// If the service manager cannot be reached, standard error says so, and the server starts without it.
/// Requires: `decide_on_signals` has been called.
/// Errors: the kernel's.
Result<Channels> open_channels();

}  // namespace latchkey::server
