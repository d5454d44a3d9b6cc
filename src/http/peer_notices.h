// PeerNotices tracks which warnings were given about which peers. A warning that would come with every
// request is given once, and a flood of peers gives a few lines.
// Thread: any; one object serves all cores, with a bounded number of steps on atomics.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "latchkey/base/clock.h"
#include "latchkey/net/address.h"

namespace latchkey::http {

/// The peers that one warning has named. It remembers the last kRemembered of them. It allows that many
/// warnings at once, and one more every kStepMs. So somebody who makes up peers gets no more than that into
/// the log, and a proxy, which comes again and again, is named sooner or later.
class PeerNotices {
 public:
  static constexpr std::size_t kRemembered = 16;
  static constexpr std::int64_t kStepMs = 60'000;

  /// Whether to give the warning now about this peer (an IPv6 peer is its /64). If so, returns how many
  /// warnings the rate left out since the last one. Nothing if the peer is known or the rate is used up.
  std::optional<std::uint64_t> due(const net::IpAddress& peer, BootTime now) noexcept;

 private:
  bool may_warn(BootTime now) noexcept;

  std::array<std::atomic<std::uint64_t>, kRemembered> peers_{};  ///< hashes; 0 is nobody
  std::atomic<std::size_t> next_{0};                             ///< only grows; the place of the next peer
  std::atomic<std::int64_t> arrival_ms_{0};  ///< GCRA's theoretical arrival time, as in credential/throttle.h
  std::atomic<std::uint64_t> left_out_{0};
};

}  // namespace latchkey::http
