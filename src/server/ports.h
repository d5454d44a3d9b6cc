// Ports: how many threads of each kind the server has, and which port of the mailbox belongs to which. Plain
// numbers, known before anything is made.
// Thread: any.
#pragma once

#include <cstddef>

#include "latchkey/runtime/mailbox.h"
#include "server/settings.h"

namespace latchkey::server {

class Ports {
 public:
  /// A number that the settings leave open follows from the CPUs that this process may use.
  explicit Ports(const Settings& settings) noexcept;

  std::size_t cores() const noexcept { return cores_; }
  std::size_t hash_workers() const noexcept { return hash_workers_; }
  std::size_t standbys() const noexcept { return standbys_; }

  /// A core's port has the core's number, which is also its shard's.
  static runtime::PortId core(std::size_t number) noexcept { return port(number); }
  runtime::PortId hash_worker(std::size_t number) const noexcept { return port(cores_ + number); }
  runtime::PortId standby(std::size_t number) const noexcept { return port(cores_ + hash_workers_ + number); }
  runtime::PortId store() const noexcept { return standby(standbys_); }
  /// The main thread's port.
  runtime::PortId control() const noexcept { return store() + 1; }
  std::size_t count() const noexcept { return std::size_t{control()} + 1; }

 private:
  static runtime::PortId port(std::size_t number) noexcept { return static_cast<runtime::PortId>(number); }

  std::size_t cores_;
  std::size_t hash_workers_;
  std::size_t standbys_;
};

}  // namespace latchkey::server
