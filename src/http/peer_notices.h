// PeerNotices tracks which warnings were given about which peers.
// Thread: any; one object serves all cores.
#pragma once

#include <cstdint>
#include <optional>

#include "latchkey/base/clock.h"
#include "latchkey/base/notices.h"
#include "latchkey/net/address.h"

namespace latchkey::http {

class PeerNotices {
 public:
  static constexpr std::size_t kRemembered = Notices::kRemembered;
  static constexpr std::int64_t kStepMs = Notices::kStepMs;

  /// As Notices::due. An IPv6 peer is its /64.
  std::optional<std::uint64_t> due(const net::IpAddress& peer, BootTime now) noexcept;

 private:
  Notices notices_;
};

}  // namespace latchkey::http
