// Notices tracks about what a warning was given. A warning that would come with every request is given once
// for each thing, and a flood of things gives a few lines.
// Thread: any; one object serves all cores, with a bounded number of steps on atomics.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "latchkey/base/clock.h"

namespace latchkey {

/// The things that one warning has named. It remembers the last kRemembered of them. It allows that many
/// warnings at once, and one more every kStepMs. So somebody who makes things up gets no more than that into
/// the log, and what comes again and again is named sooner or later.
class Notices {
 public:
  static constexpr std::size_t kRemembered = 16;
  static constexpr std::int64_t kStepMs = 60'000;

  /// Whether to give the warning now about the thing with these bytes. If so, returns how many warnings the
  /// rate left out since the last one. Nothing if the thing is known or the rate is used up.
  std::optional<std::uint64_t> due(std::string_view bytes, BootTime now) noexcept;

 private:
  bool may_warn(BootTime now) noexcept;

  std::array<std::atomic<std::uint64_t>, kRemembered> named_{};  ///< hashes; 0 is nothing
  std::atomic<std::size_t> next_{0};                             ///< only grows; the place of the next thing
  std::atomic<std::int64_t> arrival_ms_{0};  ///< GCRA's theoretical arrival time, as in credential/throttle.h
  std::atomic<std::uint64_t> left_out_{0};
};

}  // namespace latchkey
