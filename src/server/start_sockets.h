// The stages of a start that open sockets and descriptors, before the process gives up the right to do so.
// Thread: the main thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "latchkey/base/result.h"
#include "latchkey/net/listener.h"
#include "latchkey/store/data_directory.h"
#include "server/core.h"
#include "server/listen_address.h"
#include "server/service_manager.h"
#include "server/settings.h"
#include "server/side_work.h"
#include "server/signals.h"

namespace latchkey::server {

/// Everything that the server listens on.
struct Sockets {
  struct Address {
    ListenAddress where;  ///< if the settings say port 0, with the one that the kernel chose
    Entrance entrance = Entrance::kClients;
    http::ProxyFamily asks = http::ProxyFamily::kNone;
  };

  std::vector<std::vector<CoreListener>> of_cores;  ///< by the core's number; the admin socket is core 0's
  std::vector<net::Listener> status;                ///< the main thread's
  std::vector<Address> addresses;                   ///< where all of them listen, but for the admin socket
  std::vector<std::string> warnings;                ///< what is weaker than the settings ask for

  // For the service manager.
  bool were_kept = false;                                           ///< some were there before this process
  std::vector<std::pair<std::string, std::vector<int>>> to_keep{};  ///< names, and new sockets of that name
  std::vector<net::Listener> to_hold{};                             ///< of those what no core has
  std::vector<std::string> to_forget{};  ///< names of kept sockets that nobody serves
};

inline constexpr std::string_view kListenDirectory = "the directory of a listening socket";

/// Every address that the settings name, in their order.
std::vector<Sockets::Address> addresses_of(const Settings& settings);

/// The line that says at the start that the server listens there.
std::string announcement_of(const Sockets::Address& address);

/// Goes on with the sockets that a service manager kept, and binds the rest. If a Unix socket is to have a
/// group, gives up afterwards what root left to the process for it. Also notes the addresses in `directory`,
/// for whatever inspects it. An admin socket that cannot have its group serves root and the server's user
/// alone, and that is a warning: whoever waits at the door gets in. Errors: an address or path is in use or
/// not available; a Unix socket's directory is not safe; there is no such group.
Result<Sockets> bind_sockets(const Settings& settings, std::size_t cores,
                             const store::DataDirectory& directory);

/// Refuses a directory in which a socket would not be safe: somebody else could put another in its place.
/// `what` names it in the error. It does not look at the data directory: the data's own stage has done so,
/// and
/// `--check` may find it missing.
Result<void> check_socket_directory(const Settings& settings, const std::filesystem::path& socket,
                                    std::string_view what);
Result<void> check_admin_directory(const Settings& settings);

/// Who may connect to the listening Unix sockets, by `unix_mode` and `unix_group`, and who to the admin
/// socket, by `admin_group`. Errors: there is no such group.
Result<net::UnixAccess> unix_access_of(const Settings& settings);
Result<net::UnixAccess> admin_access_of(const Settings& settings);

/// The descriptors from which the main thread reads signals, and hears that work beside it is done, and by
/// which it tells the service manager.
struct Channels {
  SignalReader signals;
  SideWork side_work;
  ManagerSocket manager;
  std::chrono::milliseconds watchdog;  ///< as watchdog_of
};

/// Has the service manager keep what was bound anew, if the settings ask for that. Returns whether the
/// sockets outlive this process.
bool keep_sockets(const Settings& settings, Sockets& sockets, const ManagerSocket& manager);

/// If the service manager cannot be reached, standard error says so, and the server starts without it.
/// Requires: `decide_on_signals` has been called.
/// Errors: the kernel's.
Result<Channels> open_channels();

}  // namespace latchkey::server
