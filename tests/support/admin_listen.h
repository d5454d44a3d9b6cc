// Where a server under test answers for health and metrics.
// Thread: one.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "support/server_process.h"

namespace latchkey::test {

/// Options of a server that has one, with these flags.
inline ServerOptions measured(std::vector<std::string> flags = {}) {
  ServerOptions options;
  flags.insert(flags.end(), {"--admin-listen", "127.0.0.1:0"});
  options.flags = std::move(flags);
  return options;
}

/// The port of its first `admin_listen`.
inline std::uint16_t admin_port(ServerProcess& server) {
  return server.port_of_listener("(health and metrics)");
}

}  // namespace latchkey::test
