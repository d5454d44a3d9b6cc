// AdminCounts: what administrators asked for, and what became of it.
// Thread: core 0's counts, which serves the admin socket; any thread reads.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "latchkey/api/admin_routes.h"
#include "latchkey/base/counter.h"

namespace latchkey::server {

inline constexpr std::array<std::string_view, 3> kAdminResultNames = {"done", "refused", "failed"};

class alignas(64) AdminCounts {
 public:
  void count(api::AdminAction action, int status) noexcept {
    const std::size_t result = status < 400 ? 0 : status < 500 ? 1 : 2;
    counts_[static_cast<std::size_t>(action)][result].add();
  }
  /// `result` counts from 0, in the order of kAdminResultNames.
  std::uint64_t value(api::AdminAction action, std::size_t result) const noexcept {
    return counts_[static_cast<std::size_t>(action)][result].value();
  }

 private:
  std::array<std::array<Counter, kAdminResultNames.size()>, api::kAdminActions> counts_;
};

}  // namespace latchkey::server
