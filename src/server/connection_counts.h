// ConnectionCounts: how many connections each client has open, over all cores (C-20). A client is an IPv4
// address, or an IPv6 address with all of its /64, as in the throttle. One object, made at start and shared
// by all core threads; every call is a bounded number of steps on atomics, without a lock or an allocation.
// Asked once a connection.
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

/// A table of counts with open addressing. A client's count stands in one of the kReach cells from where a
/// keyed hash of its network points; a cell that counts nobody is free for the next client. Each word of it
/// is 40 bits of the hash, which name the client, and 24 bits of count, so that a count is never taken for
/// another client's. The hash's key is random and the process's own: nobody can aim at another's cells. The
/// table has four cells and more for each connection that there may be, so that runs of kReach cells in use
/// do not come about; a client that finds one all the same is let in and not counted, as `connections` still
/// bounds it.
///
/// Two cores that count the same new client in the same instant may each take a cell. Both count: a client's
/// connections are the sum over its cells. A core adds first, looks at the sum after, and takes back what is
/// too much; so there are never more than `most`, and what a connection gives back is its own. At the very
/// bound two that come in the same instant may both be refused.
class ConnectionCounts {
 public:
  static constexpr std::size_t kReach = 64;
  static constexpr std::size_t kMostConnections = (std::size_t{1} << 24) - 1;

  /// The cell that counts a connection.
  using Cell = std::uint32_t;
  static constexpr Cell kUncounted = ~Cell{0};

  /// `most` connections of a client, 0 is any number; of `connections` in all. After `sodium_init`.
  ConnectionCounts(std::size_t most, std::size_t connections, Random& random);
  ConnectionCounts(const ConnectionCounts&) = delete;
  ConnectionCounts& operator=(const ConnectionCounts&) = delete;

  /// One more connection; nothing where the client has as many as it may.
  std::optional<Cell> take(const net::IpAddress& client) noexcept;
  /// A connection that was taken has ended. Does nothing for kUncounted.
  void give_back(Cell cell) noexcept;

  /// Cells in use: 0 when every connection has been given back. Walks the table, for tests.
  std::size_t used() const noexcept;

 private:
  struct Free {
    void operator()(std::uint64_t* cells) const noexcept { std::free(cells); }
  };
  struct Look;

  Look look(std::uint64_t hash) const noexcept;
  std::uint64_t hash_of(const net::IpAddress& client) const noexcept;

  const std::size_t most_;
  std::size_t mask_ = 0;  ///< cells, a power of two, less one
  SecretBytes<16> hash_key_;
  std::unique_ptr<std::uint64_t[], Free> cells_;  ///< zeros that cost no memory before they are used
};

/// What the settings say of where connections come from. Views of the settings; any thread.
struct PeerRules {
  std::span<const net::Network> trusted_proxies;
  std::span<const net::Network> counted_networks;

  /// Whether the header of the PROXY protocol is taken from this peer (C-34): from `trusted_proxy` alone;
  /// where that is empty, from loopback, which only a listener there can have for a peer.
  bool may_name_client(const net::IpAddress& peer) const noexcept;
  /// Whether connections of this source are counted (C-20): loopback's and a proxy's, which bring many
  /// clients, only where `counted_networks` names them.
  bool is_counted(const net::IpAddress& source) const noexcept;
};

}  // namespace latchkey::server
