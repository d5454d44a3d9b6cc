#include "http/peer_notices.h"

#include <algorithm>
#include <cstring>

namespace latchkey::http {

namespace {

constexpr int kPrefixV4 = 32;
constexpr int kPrefixV6 = 64;

// A try fails only if another core has just given a warning of its own.
constexpr int kMostTries = 64;

/// Never 0. The finaliser of splitmix64 over both halves: nobody gains if one peer is taken for another.
std::uint64_t hash_of(const net::IpAddress& peer) noexcept {
  const net::IpAddress network = peer.masked(kPrefixV4, kPrefixV6);
  std::array<std::uint64_t, 2> halves{};
  std::memcpy(halves.data(), network.bytes().data(), network.bytes().size());
  std::uint64_t hash = 0;
  for (const std::uint64_t half : halves) {
    hash += half + 0x9e3779b97f4a7c15;
    hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
    hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
    hash ^= hash >> 31;
  }
  return hash | 1;
}

}  // namespace

std::optional<std::uint64_t> PeerNotices::due(const net::IpAddress& peer, BootTime now) noexcept {
  const std::uint64_t hash = hash_of(peer);
  for (int i = 0; i < kMostTries; ++i) {
    const std::size_t number = next_.load();
    std::atomic<std::uint64_t>& place = peers_[number % kRemembered];
    // Read before the others: a core that adds this peer meanwhile either writes it here or has already
    // advanced `next_`.
    std::uint64_t before = place.load();
    const bool is_known =
        std::any_of(peers_.begin(), peers_.end(), [hash](const auto& known) { return known.load() == hash; });
    if (is_known) return std::nullopt;
    if (!may_warn(now)) {
      left_out_.fetch_add(1);
      return std::nullopt;
    }
    if (!place.compare_exchange_strong(before, hash)) continue;
    next_.store(number + 1);
    return left_out_.exchange(0);
  }
  return std::nullopt;
}

bool PeerNotices::may_warn(BootTime now) noexcept {
  constexpr std::int64_t kAhead = (kRemembered - 1) * kStepMs;
  std::int64_t arrival = arrival_ms_.load();
  for (int i = 0; i < kMostTries; ++i) {
    const std::int64_t from = std::max(arrival, now.ms);
    if (from > now.ms + kAhead) return false;
    if (arrival_ms_.compare_exchange_weak(arrival, from + kStepMs)) return true;
  }
  return false;
}

}  // namespace latchkey::http
