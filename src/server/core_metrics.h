// What a core counts itself: its connections, and the passes of its loop.
// Thread: the core's counts; any thread reads.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "latchkey/base/counter.h"

namespace latchkey::server {

/// Why a core took no connection.
enum class CoreBound : std::uint8_t { kConnections, kConnectionsByAddress, kDescriptors, kMemory };
inline constexpr std::array<std::string_view, 4> kCoreBoundNames = {"connections", "connections_by_address",
                                                                    "descriptors", "memory"};

/// Listeners with the PROXY protocol, and all others but the admin socket.
inline constexpr std::array<std::string_view, 2> kListenerNames = {"plain", "proxy"};

struct alignas(64) CoreMetrics {
  using Passes = Histogram<kPassBoundsNs>;

  std::array<Counter, kListenerNames.size()> accepted;
  std::array<Counter, kListenerNames.size()> ended;
  CounterSet<CoreBound, kCoreBoundNames.size()> refused;
  Passes passes;
  std::atomic<clockid_t> cpu_clock{0};  ///< of the core's thread; 0 before it has started
};

/// Measures one pass of the loop in kPassesPerMeasure, and counts it once for each request that it answered:
/// so a request's own time lies in its bucket or below. The other passes cost no look at the clock. Thread:
/// the core's.
class PassMeter {
 public:
  static constexpr std::uint32_t kPassesPerMeasure = 16;

  /// `answered` counts all requests so far.
  void begin(std::uint64_t answered) noexcept {
    if (++passes_ % kPassesPerMeasure != 0) return;
    answered_before_ = answered;
    began_ = std::chrono::steady_clock::now();
    measures_ = true;
  }
  void end(std::uint64_t answered, CoreMetrics::Passes& passes) noexcept {
    if (!measures_) return;
    measures_ = false;
    if (answered == answered_before_) return;
    const std::chrono::nanoseconds took = std::chrono::steady_clock::now() - began_;
    passes.record(took.count(), answered - answered_before_);
  }

 private:
  std::uint32_t passes_ = 0;
  bool measures_ = false;
  std::uint64_t answered_before_ = 0;
  std::chrono::steady_clock::time_point began_;
};

}  // namespace latchkey::server
