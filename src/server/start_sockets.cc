#include "server/start_sockets.h"

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

#include "latchkey/base/file_rules.h"
#include "latchkey/net/listener.h"
#include "server/stderr_sink.h"

namespace latchkey::server {

namespace {

Result<void> bind_all(Sockets& sockets, const std::vector<net::Endpoint>& endpoints, bool proxied) {
  for (net::Endpoint endpoint : endpoints) {
    LATCHKEY_TRY(net::Listener::check_free(endpoint));
    for (std::vector<CoreListener>& of_core : sockets.of_cores) {
      LATCHKEY_TRY(net::Listener listener, net::Listener::bind_tcp(endpoint));
      endpoint = listener.endpoint();  // port 0 has become a real one, the same for all cores
      of_core.push_back({std::move(listener), proxied ? Entrance::kProxied : Entrance::kClients});
    }
    sockets.addresses.push_back({endpoint, proxied});
  }
  return {};
}

void note_endpoints(const store::DataDirectory& directory, const Sockets& sockets) {
  std::vector<std::string> names;
  names.reserve(sockets.addresses.size());
  for (const Sockets::Address& address : sockets.addresses) names.push_back(address.endpoint.to_text());
  directory.note_endpoints(names);
}

ManagerSocket connect_to_manager() {
  Result<ManagerSocket> connected = ManagerSocket::connect(std::getenv("NOTIFY_SOCKET"));
  if (connected) return std::move(*connected);
  say_on_stderr("latchkeyd: " + connected.error().text + '\n');
  return {};
}

}  // namespace

Result<Sockets> bind_sockets(const Settings& settings, std::size_t cores,
                             const store::DataDirectory& directory) {
  Sockets sockets;
  sockets.of_cores.resize(cores);
  LATCHKEY_TRY(bind_all(sockets, settings.listen, false));
  LATCHKEY_TRY(bind_all(sockets, settings.proxy_listen, true));
  LATCHKEY_TRY(check_admin_directory(settings));
  LATCHKEY_TRY(net::Listener admin, net::Listener::bind_unix(settings.admin_socket.string()));
  sockets.of_cores.front().push_back({std::move(admin), Entrance::kAdmin});
  note_endpoints(directory, sockets);
  return sockets;
}

Result<void> check_admin_directory(const Settings& settings) {
  const std::filesystem::path above =
      settings.admin_socket.has_parent_path() ? settings.admin_socket.parent_path() : ".";
  if (above == settings.data) return {};
  return check_safe_directory(above.string(), "the directory of admin_socket");
}

Result<Channels> open_channels() {
  LATCHKEY_TRY(SignalReader signals, SignalReader::open());
  return Channels{std::move(signals), connect_to_manager()};
}

}  // namespace latchkey::server
