// Places: how many connections each client may have open at one core. A client is an IPv4 address, or an IPv6
// address with all of its /64, as in the throttle. Of the core's thread alone.
#pragma once

#include <cstddef>
#include <map>

#include "latchkey/net/address.h"

namespace latchkey::server {

class Places {
 public:
  /// `most` connections of a client; 0 is any number, and then nothing is counted.
  explicit Places(std::size_t most) noexcept : most_(most) {}

  /// One more connection; false where the client has as many as it may.
  [[nodiscard]] bool take(const net::IpAddress& address);
  /// A connection that was taken has ended.
  void give_back(const net::IpAddress& address) noexcept;

  /// Clients with a connection: there are never more than connections.
  std::size_t clients() const noexcept { return taken_.size(); }

 private:
  const std::size_t most_;
  std::map<net::IpAddress, std::size_t> taken_;  // by network
};

}  // namespace latchkey::server
