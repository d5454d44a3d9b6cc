// PeerNotices: which warnings have been given about which peers, so that one that comes with every request is
// said once, and a flood of peers is a few lines. One object for all cores; any thread, a bounded number of
// steps on atomics.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "latchkey/base/clock.h"
#include "latchkey/net/address.h"

namespace latchkey::http {

/// The peers that one warning has named. It remembers the last kRemembered of them, and gives as many
/// warnings at once and one more each kStepMs: so whoever makes up peers takes no more than that of the log,
/// and a proxy, which comes again and again, is named sooner or later.
class PeerNotices {
 public:
  static constexpr std::size_t kRemembered = 16;
  static constexpr std::int64_t kStepMs = 60'000;

  /// Whether the warning is to be given now about this peer (an IPv6 peer is its /64), and then how many were
  /// left out for the rate since the one before. Nothing where the peer is known, or the rate is used up.
  std::optional<std::uint64_t> due(const net::IpAddress& peer, BootTime now) noexcept;

 private:
  bool may_warn(BootTime now) noexcept;

  std::array<std::atomic<std::uint64_t>, kRemembered> peers_{};  ///< hashes; 0 is nobody
  std::atomic<std::size_t> next_{0};                             ///< counts up; the place of the next peer
  std::atomic<std::int64_t> arrival_ms_{0};  ///< GCRA's theoretical arrival time, as in credential/throttle.h
  std::atomic<std::uint64_t> left_out_{0};
};

}  // namespace latchkey::http
