// ServiceManager: the socket by which a service manager hears how the server fares (sd_notify(3)), without
// libsystemd, as the sandbox leaves no way to open a socket late nor to send to an address. The socket is
// connected before the process is confined, and then given to the main thread's ring alone: no descriptor is
// left for a system call or for another ring, and that ring can write to it and nothing else, so that its
// peer stays the manager. Owned by the main thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "latchkey/base/log.h"
#include "latchkey/base/result.h"
#include "latchkey/runtime/ring.h"

namespace latchkey::server {

class ServiceManager final : private runtime::Operation {
 public:
  ServiceManager() noexcept = default;
  ~ServiceManager();
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;

  /// Connects to `address`, a path or, behind '@', an abstract name; null or empty: there is no manager. What
  /// keeps it from being heard is an error, with which the server starts all the same. Before `confine`.
  Result<void> connect(const char* address);

  /// Gives the socket to `ring`, which must be able to write to fixed files and is not enabled yet.
  Result<void> hand_to(runtime::Ring& ring, Log& log);

  /// Sends `state`, which lives for ever. On the ring's thread. A manager that has gone is logged.
  void tell(std::string_view state) noexcept;

 private:
  void complete(std::int32_t result, std::uint32_t flags) noexcept override;

  int fd_ = -1;
  runtime::Ring* ring_ = nullptr;
  Log* log_ = nullptr;
};

}  // namespace latchkey::server
