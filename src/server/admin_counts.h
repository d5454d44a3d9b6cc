// AdminCounts: what administrators asked for, and what became of it.
// Thread: core 0's counts, which serves the admin socket; any thread reads.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "latchkey/base/counter.h"

namespace latchkey::server {

/// A request to the admin socket. Those that the table does not know count as its last action.
struct AdminAction {
  std::string_view name;
  std::string_view method;
  std::string_view resource;  ///< the first part of the path
  std::size_t parts;          ///< of the path
  std::string_view act;       ///< the third part
};

inline constexpr std::array<std::string_view, 3> kAdminResultNames = {"done", "refused", "failed"};

class alignas(64) AdminCounts {
 public:
  static std::span<const AdminAction> actions() noexcept;

  void count(std::string_view method, std::string_view path, int status) noexcept;
  /// Both count from 0, in the order of `actions` and kAdminResultNames.
  std::uint64_t value(std::size_t action, std::size_t result) const noexcept {
    return counts_[action][result].value();
  }

 private:
  static constexpr std::size_t kMaxActions = 32;
  std::array<std::array<Counter, kAdminResultNames.size()>, kMaxActions> counts_;
};

}  // namespace latchkey::server
