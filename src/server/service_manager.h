// ServiceManager: tells a service manager how the server fares (sd_notify(3)). It does without libsystemd,
// because inside the sandbox no socket can be opened and nothing sent to an address. The socket is connected
// before the process is confined (ManagerSocket), then given to the main thread's ring alone. No descriptor
// is left for a system call or another ring, and that ring can write to it and nothing else, so its peer
// stays the manager.
// Thread: the main thread owns it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "latchkey/base/clock.h"
#include "latchkey/base/log.h"
#include "latchkey/base/result.h"
#include "latchkey/runtime/ring.h"

namespace latchkey::server {

/// A socket connected to the manager, or none if there is no manager.
class ManagerSocket {
 public:
  ManagerSocket() noexcept = default;
  ManagerSocket(ManagerSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ManagerSocket& operator=(ManagerSocket&&) = delete;
  ~ManagerSocket();

  /// Connects to `address`, a path or an abstract name after '@'. Null or empty: there is no manager.
  /// Requires: `confine` has not been called yet.
  /// Errors: kUnavailable if the manager cannot be reached. The server starts all the same.
  static Result<ManagerSocket> connect(const char* address);

  /// Has the manager keep these sockets over a restart of the service, under one name (FDSTORE=1). Says on
  /// standard error if it cannot be told. Requires: `confine` has not been called yet.
  bool keep(std::string_view name, std::span<const int> sockets) const;
  /// The manager drops what it kept under the name. Without a manager it does nothing.
  void forget(std::string_view name) const;

  bool is_connected() const noexcept { return fd_ >= 0; }
  int fd() const noexcept { return fd_; }

 private:
  explicit ManagerSocket(int fd) noexcept : fd_(fd) {}

  int fd_ = -1;
};

/// Within what time the manager wants to hear WATCHDOG=1 again and again (sd_watchdog_enabled(3)), by what it
/// set in the environment for the process `own`; 0 if it wants nothing.
std::chrono::milliseconds watchdog_of(const char* microseconds, const char* process, pid_t own) noexcept;

class ServiceManager final : private runtime::Operation {
 public:
  /// Gives the socket to `ring`.
  /// Requires: the ring may write to fixed files and is not enabled yet.
  /// Lifetime: ring, clock and log are used until the ring's last pass.
  static Result<std::unique_ptr<ServiceManager>> create(ManagerSocket socket, runtime::Ring& ring,
                                                        const Clock& clock, Log& log);
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;

  /// Sends `state`. A manager that has gone is logged.
  /// Thread: the ring's.
  /// Lifetime: `state` lives for ever.
  void tell(std::string_view state) noexcept;

  /// Says that the server stops, and by when it will have answered the requests in progress.
  void tell_stopping(std::chrono::milliseconds drain_timeout) noexcept;

  /// Asks for kMoreTime for the start or the stop that is under way, beyond what the unit gives. For work
  /// that has just got on: a server that hangs must not ask. Asked again within kBetweenAsks, it says
  /// nothing.
  void ask_for_time() noexcept;

  static constexpr std::chrono::seconds kMoreTime{90};
  static constexpr std::chrono::seconds kBetweenAsks{10};

 private:
  ServiceManager(bool is_there, runtime::Ring& ring, const Clock& clock, Log& log)
      : is_there_(is_there), ring_(ring), clock_(clock), log_(log) {}

  void complete(std::int32_t result, std::uint32_t flags) noexcept override;

  const bool is_there_;
  runtime::Ring& ring_;
  const Clock& clock_;
  Log& log_;
  std::string stopping_;  ///< the kernel reads it
  std::optional<BootTime> asked_;
};

}  // namespace latchkey::server
