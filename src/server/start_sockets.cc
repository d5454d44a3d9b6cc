#include "server/start_sockets.h"

#include <fmt/format.h>
#include <grp.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "latchkey/base/file_rules.h"
#include "server/confinement.h"
#include "server/kept_sockets.h"
#include "server/room_settings.h"
#include "server/stderr_sink.h"

namespace latchkey::server {

namespace {

constexpr mode_t kOpenToGroup = 0660;

/// A socket for each core. All `kept` ones are served, however few cores there are: the kernel has given each
/// its share of the clients.
Result<void> bind_tcp(Sockets& sockets, Sockets::Address& address, std::vector<net::Listener> kept) {
  net::Endpoint& endpoint = address.where.endpoint;
  const bool is_status = address.entrance == Entrance::kStatus;
  const std::size_t cores = sockets.of_cores.size();
  const std::size_t wanted = is_status ? 1 : cores;
  const std::size_t kept_count = kept.size();
  std::vector<int> bound;
  if (kept.empty()) LATCHKEY_TRY(net::Listener::check_free(endpoint));
  while (kept.size() < wanted) {
    Result<net::Listener> listener = net::Listener::bind_tcp(endpoint);
    if (listener) {
      endpoint = listener->endpoint();  // port 0 has become a real one, the same for all cores
      bound.push_back(listener->fd());
    } else if (kept_count > 0) {
      // Another user has bound the kept ones, or the right to bind low ports is gone: cores share a socket.
      listener = kept[kept.size() % kept_count].duplicate();
    }
    LATCHKEY_TRY(net::Listener made, std::move(listener));
    kept.push_back(std::move(made));
  }
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (is_status) {
      sockets.status.push_back(std::move(kept[i]));
    } else {
      sockets.of_cores[i % cores].push_back({std::move(kept[i]), address.entrance, address.asks});
    }
  }
  if (!bound.empty()) sockets.to_keep.emplace_back(name_of_kept(address.where), std::move(bound));
  return {};
}

Result<net::Listener> kept_or_bound(Sockets& sockets, const ListenAddress& where,
                                    const net::UnixAccess& access, std::vector<net::Listener> kept) {
  if (!kept.empty()) {
    LATCHKEY_TRY(kept.front().set_unix_access(access));
    return std::move(kept.front());
  }
  LATCHKEY_TRY(net::Listener bound, net::Listener::bind_unix(where.path, access));
  sockets.to_keep.emplace_back(name_of_kept(where), std::vector{bound.fd()});
  return bound;
}

/// All cores accept from one socket.
Result<void> bind_unix(Sockets& sockets, const Sockets::Address& address, const net::UnixAccess& access,
                       std::vector<net::Listener> kept) {
  LATCHKEY_TRY(net::Listener listener, kept_or_bound(sockets, address.where, access, std::move(kept)));
  sockets.to_hold.push_back(std::move(listener));
  for (std::vector<CoreListener>& of_core : sockets.of_cores) {
    LATCHKEY_TRY(net::Listener shared, sockets.to_hold.back().duplicate());
    of_core.push_back({std::move(shared), address.entrance, address.asks});
  }
  return {};
}

void note_endpoints(const store::DataDirectory& directory, const Sockets& sockets) {
  std::vector<std::string> names;
  names.reserve(sockets.addresses.size());
  for (const Sockets::Address& address : sockets.addresses) names.push_back(address.where.to_text());
  directory.note_endpoints(names);
}

Result<std::optional<gid_t>> group_of(std::string_view key, const std::string& name) {
  if (name.empty()) return std::optional<gid_t>();
  errno = 0;
  const group* const found = ::getgrnam(name.c_str());
  if (found != nullptr) return std::optional<gid_t>(found->gr_gid);
  return failure(ErrorCode::kNotFound,
                 fmt::format("{}: there is no group '{}'{}{}", key, name, errno == 0 ? "" : ": ",
                             errno == 0 ? "" : std::strerror(errno)));
}

Result<void> bind_admin(Sockets& sockets, const Settings& settings) {
  LATCHKEY_TRY(check_admin_directory(settings));
  LATCHKEY_TRY(const net::UnixAccess access, admin_access_of(settings));
  const std::string path = settings.admin_socket.string();
  std::vector<CoreListener>& place = sockets.of_cores.front();
  if (access.group) {
    Result<net::Listener> shared = net::Listener::bind_unix(path, access);
    if (shared) {
      place.push_back({std::move(*shared), Entrance::kAdmin, http::ProxyFamily::kNone, access.group});
      return {};
    }
    sockets.warnings.push_back("admin_group: only root administers: " + shared.error().text);
  }
  LATCHKEY_TRY(net::Listener own, net::Listener::bind_unix(path));
  place.push_back({std::move(own), Entrance::kAdmin});
  return {};
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
  LATCHKEY_TRY(const net::UnixAccess access, unix_access_of(settings));
  KeptSockets kept = KeptSockets::take();
  for (Sockets::Address address : addresses_of(settings)) {
    std::vector<net::Listener> kept_here = kept.of(address.where);
    sockets.were_kept = sockets.were_kept || !kept_here.empty();
    if (address.where.is_unix()) {
      LATCHKEY_TRY(check_socket_directory(settings, address.where.path, kListenDirectory));
      LATCHKEY_TRY(bind_unix(sockets, address, access, std::move(kept_here)));
    } else {
      LATCHKEY_TRY(bind_tcp(sockets, address, std::move(kept_here)));
    }
    sockets.addresses.push_back(std::move(address));
  }
  sockets.to_forget = kept.names_left();
  LATCHKEY_TRY(bind_admin(sockets, settings));
  if (root_rules_of(settings).gives_group) give_up_chown();
  note_endpoints(directory, sockets);
  return sockets;
}

std::vector<Sockets::Address> addresses_of(const Settings& settings) {
  std::vector<Sockets::Address> addresses;
  addresses.reserve(settings.listen.size() + settings.proxy_listen.size() + settings.verify_listen.size() +
                    settings.admin_listen.size());
  for (const ListenAddress& where : settings.listen) addresses.push_back({where});
  for (const net::Endpoint& endpoint : settings.proxy_listen) {
    addresses.push_back({ListenAddress{endpoint, {}}, Entrance::kProxied});
  }
  for (const VerifyAddress& address : settings.verify_listen) {
    addresses.push_back({address.where, Entrance::kClients, address.family});
  }
  for (const net::Endpoint& endpoint : settings.admin_listen) {
    addresses.push_back({ListenAddress{endpoint, {}}, Entrance::kStatus});
  }
  return addresses;
}

std::string announcement_of(const Sockets::Address& address) {
  const std::string where = address.where.to_text();
  std::string line =
      fmt::format("latchkeyd: listening on {}{}", address.where.is_unix() ? "" : "http://", where);
  if (address.entrance == Entrance::kProxied) line += " (PROXY protocol)";
  if (address.entrance == Entrance::kStatus) line += " (health and metrics)";
  if (address.asks != http::ProxyFamily::kNone)
    line += fmt::format(" (questions of {})", name_of(address.asks));
  return line + '\n';
}

Result<void> check_socket_directory(const Settings& settings, const std::filesystem::path& socket,
                                    std::string_view what) {
  const std::filesystem::path above = socket.has_parent_path() ? socket.parent_path() : ".";
  if (above == settings.data) return {};
  return check_safe_directory(above.string(), what);
}

Result<void> check_admin_directory(const Settings& settings) {
  return check_socket_directory(settings, settings.admin_socket, "the directory of admin_socket");
}

Result<net::UnixAccess> unix_access_of(const Settings& settings) {
  LATCHKEY_TRY(const std::optional<gid_t> group, group_of("unix_group", settings.unix_group));
  return net::UnixAccess{static_cast<mode_t>(settings.unix_mode), group};
}

Result<net::UnixAccess> admin_access_of(const Settings& settings) {
  LATCHKEY_TRY(const std::optional<gid_t> group, group_of("admin_group", settings.admin_group));
  return group ? net::UnixAccess{kOpenToGroup, group} : net::UnixAccess{};
}

bool keep_sockets(const Settings& settings, Sockets& sockets, const ManagerSocket& manager) {
  // Before others are kept under the same names.
  for (const std::string& name : sockets.to_forget) manager.forget(name);
  bool all_kept = settings.keep_sockets && manager.is_connected();
  for (const auto& [name, descriptors] : sockets.to_keep) {
    if (all_kept) all_kept = manager.keep(name, descriptors);
  }
  // They were needed until the manager had them.
  sockets.to_hold.clear();
  return all_kept || sockets.were_kept;
}

Result<Channels> open_channels() {
  LATCHKEY_TRY(SignalReader signals, SignalReader::open());
  LATCHKEY_TRY(SideWork side_work, SideWork::open());
  return Channels{std::move(signals), std::move(side_work), connect_to_manager(),
                  watchdog_of(std::getenv("WATCHDOG_USEC"), std::getenv("WATCHDOG_PID"), ::getpid())};
}

}  // namespace latchkey::server
