// The start's stages that open sockets and descriptors, before the process gives up the right to. Main
// thread.
#pragma once

#include <cstddef>
#include <vector>

#include "latchkey/base/result.h"
#include "latchkey/net/address.h"
#include "latchkey/server/core.h"
#include "latchkey/server/service_manager.h"
#include "latchkey/server/settings.h"
#include "latchkey/server/signals.h"
#include "latchkey/store/data_directory.h"

namespace latchkey::server {

/// All that the server listens on.
struct Sockets {
  /// Where all cores listen, with the ports that they got, and whether the PROXY protocol opens connections.
  struct Place {
    net::Endpoint endpoint;
    bool proxied = false;
  };

  std::vector<std::vector<CoreListener>> of_cores;  ///< by the core's number; the admin socket is core 0's
  std::vector<Place> places;
};

/// Errors: an address or a path that is held or not to be had, a directory that is not safe.
Result<Sockets> bind_sockets(const Settings& settings, std::size_t cores,
                             const store::DataDirectory& directory);

/// Whether the admin socket may stand where it is to. Nothing where that is the data directory,
/// which is looked at for itself, and which `--check` may find missing.
Result<void> check_admin_directory(const Settings& settings);

/// What the main thread hears signals by, and what the service manager hears. A manager that cannot be
/// reached is said on standard error, and is not an error.
struct Channels {
  SignalReader signals;
  ManagerSocket manager;
};

/// `decide_on_signals` was called. Errors are the kernel's.
Result<Channels> open_channels();

}  // namespace latchkey::server
