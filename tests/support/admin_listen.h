// Where a server under test answers for health and metrics.
// Thread: one.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <stdexcept>
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
  const std::optional<std::string> line = server.wait_for_log(" (health and metrics)");
  if (!line) throw std::runtime_error("latchkeyd has no admin_listen: " + server.log());
  const std::size_t end = line->find(" (");
  const std::size_t begin = line->rfind(':', end) + 1;
  std::uint16_t port = 0;
  std::from_chars(line->data() + begin, line->data() + end, port);
  return port;
}

}  // namespace latchkey::test
