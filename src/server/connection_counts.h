// ConnectionCounts: how many connections each client has open, over all cores (C-20). A client is an IPv4
// address, or an IPv6 address together with the rest of its /64, as in the throttle.
// Thread: any; all core threads share one object. Each call takes a bounded number of steps on atomics, with
// no lock and no allocation. It is asked once per connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>

#include "latchkey/base/random.h"
#include "latchkey/base/secret.h"
#include "latchkey/net/address.h"

namespace latchkey::server {

/// A table of counts with open addressing. A keyed hash of the client's network points to the first of kReach
/// cells, and the client's count is in one of them. A cell whose count is zero is free for the next client.
/// Each word holds 40 bits of the hash, which name the client, and 24 bits of count, so one client's count is
/// never taken for another's. The key is random and private to the process: nobody can aim at another
/// client's cells. The table has at least four cells per possible connection, so a run of kReach cells in use
/// does not occur in practice. A client that meets one is let in uncounted; `connections` still bounds it.
///
/// Two cores that count the same new client at the same instant may each take a cell. Both cells are valid: a
/// client's connections are the sum over its cells. A core adds first, then checks the sum, and takes back
/// any excess. So there are never more than `most`, and each connection gives back exactly what it took.
/// Right at the bound, two connections that arrive at the same instant may both be refused.
class ConnectionCounts {
 public:
  static constexpr std::size_t kReach = 64;
  static constexpr std::size_t kMostConnections = (std::size_t{1} << 24) - 1;

  /// The index of the cell in which a connection is counted.
  using Cell = std::uint32_t;
  static constexpr Cell kUncounted = ~Cell{0};

  /// Allows `most` connections per client (0: any number), and `connections` in all.
  /// Requires: `sodium_init` has been called.
  ConnectionCounts(std::size_t most, std::size_t connections, Random& random);
  ConnectionCounts(const ConnectionCounts&) = delete;
  ConnectionCounts& operator=(const ConnectionCounts&) = delete;

  /// Counts one more connection; returns nothing if the client has as many as it may.
  std::optional<Cell> take(const net::IpAddress& client) noexcept;
  /// Uncounts a connection that has ended. Does nothing for kUncounted.
  void give_back(Cell cell) noexcept;

  /// The number of cells in use: 0 once every connection has been given back. Walks the table; for tests.
  std::size_t used() const noexcept;

 private:
  struct Free {
    void operator()(std::uint64_t* cells) const noexcept { std::free(cells); }
  };
  struct Look;

  Look look(std::uint64_t hash) const noexcept;
  std::uint64_t hash_of(const net::IpAddress& client) const noexcept;

  const std::size_t most_;
  std::size_t mask_ = 0;  ///< the number of cells, a power of two, less one
  SecretBytes<16> hash_key_;
  std::unique_ptr<std::uint64_t[], Free> cells_;  ///< zeros, which take no memory until used
};

/// What the settings say about the sources of connections. Views of the settings.
/// Thread: any.
struct PeerRules {
  std::span<const net::Network> trusted_proxies;
  std::span<const net::Network> counted_networks;

  /// Whether this peer may send a PROXY protocol header (C-34). Only a `trusted_proxy` may. If none is set,
  /// only loopback may, which can be the peer only of a listener on loopback.
  bool may_name_client(const net::IpAddress& peer) const noexcept;
  /// Whether connections from this source are counted (C-20). Loopback and proxies bring many clients, so
  /// they are counted only if `counted_networks` names them.
  bool is_counted(const net::IpAddress& source) const noexcept;
};

}  // namespace latchkey::server
