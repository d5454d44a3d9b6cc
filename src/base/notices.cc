#include "latchkey/base/notices.h"

#include <algorithm>
#include <cstring>

namespace latchkey {

namespace {

// A try fails only if another core has just given a warning of its own.
constexpr int kMostTries = 64;

/// Never 0. The finaliser of splitmix64 over each eight bytes: nobody gains if one thing is taken for
/// another.
std::uint64_t hash_of(std::string_view bytes) noexcept {
  std::uint64_t hash = bytes.size();
  while (!bytes.empty()) {
    std::uint64_t word = 0;
    const std::size_t taken = std::min(bytes.size(), sizeof word);
    std::memcpy(&word, bytes.data(), taken);
    bytes.remove_prefix(taken);
    hash += word + 0x9e3779b97f4a7c15;
    hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
    hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
    hash ^= hash >> 31;
  }
  return hash | 1;
}

}  // namespace

std::optional<std::uint64_t> Notices::due(std::string_view bytes, BootTime now) noexcept {
  const std::uint64_t hash = hash_of(bytes);
  for (int i = 0; i < kMostTries; ++i) {
    const std::size_t number = next_.load();
    std::atomic<std::uint64_t>& place = named_[number % kRemembered];
    // Read before the others: a core that adds this thing meanwhile either writes it here or has already
    // advanced `next_`.
    std::uint64_t before = place.load();
    const bool is_known =
        std::any_of(named_.begin(), named_.end(), [hash](const auto& known) { return known.load() == hash; });
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

bool Notices::may_warn(BootTime now) noexcept {
  constexpr std::int64_t kAhead = (kRemembered - 1) * kStepMs;
  std::int64_t arrival = arrival_ms_.load();
  for (int i = 0; i < kMostTries; ++i) {
    const std::int64_t from = std::max(arrival, now.ms);
    if (from > now.ms + kAhead) return false;
    if (arrival_ms_.compare_exchange_weak(arrival, from + kStepMs)) return true;
  }
  return false;
}

}  // namespace latchkey
