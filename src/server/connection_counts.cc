#include "server/connection_counts.h"

#include <sodium.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <new>

#include "latchkey/api/login_gate.h"
#include "latchkey/base/assert.h"
#include "latchkey/http/forwarded.h"

namespace latchkey::server {

namespace {

constexpr std::size_t kCellsPerConnection = 4;
constexpr unsigned kCountBits = 24;
constexpr std::uint64_t kCountMask = (std::uint64_t{1} << kCountBits) - 1;

// A try fails only if another core has just changed the cell. This many failures in a row do not occur.
constexpr int kMostTries = 1024;

static_assert(ConnectionCounts::kMostConnections == kCountMask);
static_assert(crypto_shorthash_BYTES == sizeof(std::uint64_t) && crypto_shorthash_KEYBYTES == 16);
static_assert(std::atomic_ref<std::uint64_t>::is_always_lock_free);

std::atomic_ref<std::uint64_t> atomic(std::uint64_t& cell) noexcept {
  return std::atomic_ref<std::uint64_t>(cell);
}

/// What names the client in its cell. The hash's low bits, at most 26 of them, say where its cells begin.
std::uint64_t name_of(std::uint64_t hash) noexcept { return hash & ~kCountMask; }

std::size_t count_in(std::uint64_t word) noexcept { return word & kCountMask; }

}  // namespace

/// What a walk over a client's cells found. It read them one after another, not at one instant.
struct ConnectionCounts::Look {
  std::size_t held = 0;    ///< the client's connections
  Cell cell = kUncounted;  ///< the client's first cell, else the first free one, else none
  std::uint64_t word = 0;  ///< what `cell` held
};

ConnectionCounts::ConnectionCounts(std::size_t most, std::size_t connections, Random& random) : most_(most) {
  LATCHKEY_ASSERT(most <= kMostConnections && connections <= kMostConnections);
  random.fill(hash_key_.bytes());
  if (most == 0) return;
  const std::size_t count = std::bit_ceil(std::max(connections * kCellsPerConnection, kReach));
  cells_.reset(static_cast<std::uint64_t*>(std::calloc(count, sizeof(std::uint64_t))));
  if (cells_ == nullptr) throw std::bad_alloc();
  mask_ = count - 1;
}

std::uint64_t ConnectionCounts::hash_of(const net::IpAddress& client) const noexcept {
  const net::IpAddress network = api::throttled_network(client);
  std::uint64_t hash = 0;
  crypto_shorthash(reinterpret_cast<unsigned char*>(&hash), network.bytes().data(), network.bytes().size(),
                   hash_key_.data());
  return hash;
}

ConnectionCounts::Look ConnectionCounts::look(std::uint64_t hash) const noexcept {
  Look found;
  bool is_clients = false;
  for (std::size_t i = 0; i < kReach; ++i) {
    const std::size_t at = (hash + i) & mask_;
    const std::uint64_t word = atomic(cells_[at]).load();
    const bool holds = word != 0 && name_of(word) == name_of(hash);
    if (holds) found.held += count_in(word);
    if (is_clients || (!holds && (word != 0 || found.cell != kUncounted))) continue;
    is_clients = holds;
    found.cell = static_cast<Cell>(at);
    found.word = word;
  }
  return found;
}

// Every access is sequentially consistent: of two cores that add to cells of their own and then look, one
// sees the other's addition.
std::optional<ConnectionCounts::Cell> ConnectionCounts::take(const net::IpAddress& client) noexcept {
  if (most_ == 0) return kUncounted;
  const std::uint64_t hash = hash_of(client);
  for (int i = 0; i < kMostTries; ++i) {
    Look found = look(hash);
    if (found.held >= most_) return std::nullopt;
    if (found.cell == kUncounted) return kUncounted;
    const std::uint64_t more = found.word == 0 ? name_of(hash) + 1 : found.word + 1;
    if (!atomic(cells_[found.cell]).compare_exchange_strong(found.word, more)) continue;
    if (look(hash).held <= most_) return found.cell;
    give_back(found.cell);
    return std::nullopt;
  }
  return kUncounted;
}

void ConnectionCounts::give_back(Cell cell) noexcept {
  if (cell == kUncounted) return;
  std::uint64_t word = atomic(cells_[cell]).load();
  LATCHKEY_ASSERT(count_in(word) > 0);
  // Repeats only if another core has changed the cell, or on a spurious failure.
  while (!atomic(cells_[cell]).compare_exchange_weak(word, count_in(word) == 1 ? 0 : word - 1)) {
  }
}

std::size_t ConnectionCounts::used() const noexcept {
  std::size_t used = 0;
  for (std::size_t at = 0; cells_ != nullptr && at <= mask_; ++at) {
    if (atomic(cells_[at]).load() != 0) ++used;
  }
  return used;
}

bool PeerRules::may_name_client(const net::IpAddress& peer) const noexcept {
  return trusted_proxies.empty() ? peer.is_loopback() : http::is_trusted(peer, trusted_proxies);
}

bool PeerRules::is_counted(const net::IpAddress& source) const noexcept {
  if (http::is_trusted(source, counted_networks)) return true;
  return !source.is_loopback() && !http::is_trusted(source, trusted_proxies);
}

}  // namespace latchkey::server
