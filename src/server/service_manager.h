// ServiceManager: the socket by which a service manager hears how the server fares (sd_notify(3)), without
// libsystemd, as the sandbox leaves no way to open a socket late nor to send to an address. The socket is
// connected before the process is confined (ManagerSocket), and then given to the main thread's ring alone:
// no descriptor is left for a system call or for another ring, and that ring can write to it and nothing
// else, so that its peer stays the manager. Owned by the main thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "latchkey/base/log.h"
#include "latchkey/base/result.h"
#include "latchkey/runtime/ring.h"

namespace latchkey::server {

/// A socket that is connected to the manager, or none where there is no manager.
class ManagerSocket {
 public:
  ManagerSocket() noexcept = default;
  ManagerSocket(ManagerSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ManagerSocket& operator=(ManagerSocket&&) = delete;
  ~ManagerSocket();

  /// Connects to `address`, a path or, behind '@', an abstract name; null or empty: there is no manager. What
  /// keeps it from being heard is an error, with which the server starts all the same. Before `confine`.
  static Result<ManagerSocket> connect(const char* address);

  bool is_connected() const noexcept { return fd_ >= 0; }
  int fd() const noexcept { return fd_; }

 private:
  explicit ManagerSocket(int fd) noexcept : fd_(fd) {}

  int fd_ = -1;
};

class ServiceManager final : private runtime::Operation {
 public:
  /// Gives the socket to `ring`, which must be able to write to fixed files and is not enabled yet. Ring and
  /// log are used until the ring's last pass.
  static Result<std::unique_ptr<ServiceManager>> create(ManagerSocket socket, runtime::Ring& ring, Log& log);
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;

  /// Sends `state`, which lives for ever. On the ring's thread. A manager that has gone is logged.
  void tell(std::string_view state) noexcept;

 private:
  ServiceManager(bool is_there, runtime::Ring& ring, Log& log) noexcept
      : is_there_(is_there), ring_(ring), log_(log) {}

  void complete(std::int32_t result, std::uint32_t flags) noexcept override;

  const bool is_there_;
  runtime::Ring& ring_;
  Log& log_;
};

}  // namespace latchkey::server
