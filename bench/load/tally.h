// Tally: what one thread of the load tester has seen.
// Thread: only its own writes it. Others may read `LiveFigures` meanwhile, and everything else once the
// thread has ended.
//
// A request is counted if it became due in the measured time, whenever its answer came. In the closed loop it
// is due when it is sent; in the open loop, when the plan says so. So a server that stalls is charged for
// every request that its stall held back, and not only for the one that it met ("coordinated omission", Gil
// Tene, "How NOT to Measure Latency"; wrk2 does the same). A request without an answer is counted with the
// time spent waiting.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "load/histogram.h"

namespace latchkey::load {

enum class RequestKind : std::uint8_t { kRequest, kCheck, kLogin, kDeletion, kConnect };
inline constexpr std::size_t kRequestKinds = 5;
std::string_view name_of(RequestKind kind) noexcept;

/// Why a request has no answer. An answer whose status is 400 or more is an error too, counted by its status.
enum class Failure : std::uint8_t {
  kConnect,   ///< no connection could be made
  kClosed,    ///< the server ended the connection first
  kBroken,    ///< the connection was reset
  kTimeout,   ///< nothing came within the timeout
  kProtocol,  ///< what came is not an answer
  kUnsent,    ///< due, but no connection was free for it until the end
};
inline constexpr std::size_t kFailures = 6;
std::string_view name_of(Failure failure) noexcept;

/// The measured time on the monotonic clock.
struct Window {
  std::int64_t begin_ns = 0;
  std::int64_t end_ns = 0;
  bool contains(std::int64_t when_ns) const noexcept { return when_ns >= begin_ns && when_ns < end_ns; }
};

/// Totals since the start, warm-up included, for the progress line. On a cache line of their own.
struct alignas(64) LiveFigures {
  std::atomic<std::uint64_t> answers{0};
  std::atomic<std::uint64_t> errors{0};
  std::atomic<std::uint64_t> connected{0};
  std::atomic<std::int64_t> latency_sum_ns{0};
};

/// What happened in one stretch of the measured time.
struct Stretch {
  std::uint64_t answers = 0;
  std::uint64_t errors = 0;
  std::int64_t max_latency_ns = 0;
};

/// What the idle scenario records of its connections.
struct HeldConnections {
  std::uint64_t opened = 0;
  std::uint64_t lost = 0;  ///< the server ended them before the end of the run
  std::uint64_t open_at_end = 0;
  std::int64_t shortest_lost_ns = 0;  ///< the shortest time that a lost one was held; 0 if none was lost
};

class Tally {
 public:
  static constexpr std::size_t kStatuses = 600;
  static constexpr int kFirstErrorStatus = 400;
  static constexpr std::size_t kMostStretches = 600;
  static constexpr std::int64_t kShortestStretchNs = 50'000'000;

  /// For a measured time of `duration_ns` and these kinds of request. It takes all its memory here, but
  /// counts no request until `place` says when the measured time begins. Connections are counted as requests
  /// only if kConnect is the only kind.
  Tally(std::int64_t duration_ns, std::span<const RequestKind> kinds);
  void place(std::int64_t begin_ns) noexcept;
  /// Ends the measured time early. If it has not begun, it is empty.
  void cut(std::int64_t end_ns) noexcept;

  void answered(RequestKind kind, std::int64_t due_ns, std::int64_t now_ns, int status) noexcept;
  void failed(RequestKind kind, Failure failure, std::int64_t due_ns, std::int64_t now_ns) noexcept;
  /// Counted at any time, because a client that cannot connect never sends a request. `error` is an errno.
  void connect_failed(int error) noexcept;
  void connected(std::int64_t since_ns, std::int64_t now_ns) noexcept;
  void connection_lost(std::int64_t held_ns) noexcept;
  void held_to_end() noexcept { ++held_.open_at_end; }
  void refused(std::string_view why) noexcept { refusal_ = why; }
  void used_cpu(std::int64_t ns) noexcept { cpu_ns_.push_back(ns); }

  void merge(const Tally& other);

  const Window& window() const noexcept { return window_; }
  double seconds() const noexcept;
  /// Requests that became due in the measured time, answered or not.
  std::uint64_t requests() const noexcept { return latencies_.count(); }
  /// Answers that came within the measured time.
  std::uint64_t answers() const noexcept { return answers_; }
  double answers_per_second() const noexcept;
  std::uint64_t failures(Failure failure) const noexcept {
    return failures_[static_cast<std::size_t>(failure)];
  }
  std::uint64_t status_count(std::size_t status) const noexcept { return statuses_[status]; }
  /// Failures of all kinds, and answers with a status of 400 or more.
  std::uint64_t errors() const noexcept;
  const Histogram& latencies() const noexcept { return latencies_; }
  /// Null if none of this kind was counted.
  const Histogram* latencies_of(RequestKind kind) const noexcept;
  /// Whether there is more than one kind of request.
  bool has_several_kinds() const noexcept { return !only_kind_; }
  const std::vector<Stretch>& stretches() const noexcept { return stretches_; }
  std::int64_t stretch_ns() const noexcept { return stretch_ns_; }
  const HeldConnections& held() const noexcept { return held_; }
  /// The errno of the last attempt that failed; 0 if none did.
  int connect_error() const noexcept { return connect_error_; }
  /// Why the last refused answer was refused.
  std::string_view refusal() const noexcept { return refusal_; }
  /// The CPU time that each thread used in the measured time.
  const std::vector<std::int64_t>& cpu_ns() const noexcept { return cpu_ns_; }
  LiveFigures& live() noexcept { return *live_; }

 private:
  void count_latency(RequestKind kind, std::int64_t due_ns, std::int64_t now_ns) noexcept;
  Stretch* stretch_at(std::int64_t now_ns) noexcept;

  const std::int64_t duration_ns_;
  Window window_;
  std::int64_t stretch_ns_ = kShortestStretchNs;
  std::uint64_t answers_ = 0;
  Histogram latencies_;
  std::optional<RequestKind> only_kind_;
  std::array<std::unique_ptr<Histogram>, kRequestKinds> by_kind_;  ///< if there are several
  std::array<std::uint64_t, kFailures> failures_{};
  std::array<std::uint64_t, kStatuses> statuses_{};
  std::vector<Stretch> stretches_;
  HeldConnections held_;
  int connect_error_ = 0;
  std::string_view refusal_;  // the reader's; always a literal
  std::vector<std::int64_t> cpu_ns_;
  std::unique_ptr<LiveFigures> live_ = std::make_unique<LiveFigures>();
};

}  // namespace latchkey::load
