// KeptSockets: listening sockets that were there before this process: those that a service manager kept over
// a restart, and those that it made itself. sd_listen_fds(3) tells of both. While they exist no connection is
// refused: the kernel goes on queueing. A socket is recognized by the address that it listens on, whatever
// its name. Thread: the main thread's, at start.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "latchkey/net/listener.h"
#include "server/listen_address.h"

namespace latchkey::server {

/// The first descriptor that the manager passes.
inline constexpr int kFirstPassed = 3;

/// How many descriptors the manager has passed to this process, by LISTEN_PID and LISTEN_FDS.
int passed_descriptors() noexcept;

/// What the manager is to call the socket: "tcp-127.0.0.1_8080", "unix-/run/latchkey/http.sock". It takes
/// printable ASCII without a colon (sd_pid_notify_with_fds(3)).
std::string name_of_kept(const ListenAddress& where);

class KeptSockets {
 public:
  /// Takes the descriptors that were passed, and removes the variables. What is no listening socket is
  /// closed.
  static KeptSockets take();

  /// Those that listen at this address. A Unix socket whose file is gone is none.
  std::vector<net::Listener> of(const ListenAddress& where);

  /// The names of the rest, which nobody will serve. They are closed with this object.
  std::vector<std::string> names_left() const;

 private:
  struct Kept {
    net::Listener listener;
    std::string name;
  };

  std::vector<Kept> kept_;
};

}  // namespace latchkey::server
