// AccessRing: the access log of one core. The core puts a fixed record for each request that is to have a
// line into a ring, and the access log's thread takes it out and writes the line. Neither waits for the
// other: a record that finds the ring full is dropped and counted. Without an access log there is no ring,
// and a request costs the look at a null pointer. Thread: the core's puts, one other takes; what each writes
// stands on cache lines of its own.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "latchkey/base/clock.h"
#include "latchkey/base/counter.h"
#include "latchkey/net/address.h"

namespace latchkey::http {

inline constexpr std::string_view kAllAccessLines = "all";

/// Which requests have a line.
struct AccessRules {
  enum class Lines : std::uint8_t { kErrors, kSampled, kAll };
  static constexpr std::uint32_t kMaxEvery = 1'000'000;

  /// Reads `errors`, `sampled:N` and `all`.
  static std::optional<AccessRules> parse(std::string_view text) noexcept;

  Lines lines = Lines::kAll;
  std::uint32_t every = 1;  ///< kSampled: of how many requests one has a line
};

/// What a handler knows of a request beside its answer.
struct AccessNote {
  std::int64_t user_id = 0;      ///< 0: nobody's
  std::string_view result{};     ///< static storage
  std::size_t output_bytes = 0;  ///< the connection's: what was to be sent before this answer
};

struct AccessRecord {
  static constexpr std::size_t kAgentBytes = 152;

  WallTime time{};
  std::int64_t user_id;     ///< 0: nobody's
  std::string_view method;  ///< static storage
  std::string_view result;  ///< static storage
  net::IpAddress peer;
  bool is_unix_peer;
  std::optional<net::IpAddress> client;  ///< if it is not the peer
  std::uint32_t duration_ms;
  std::uint32_t bytes;
  std::uint32_t sample;
  std::uint32_t more;
  std::uint16_t status;
  std::uint8_t resource;
  std::uint16_t agent_bytes;  ///< whole; `agent` has the front
  std::array<char, kAgentBytes> agent;
};

class AccessRing {
 public:
  static constexpr std::size_t kRecords = 16'384;
  /// Unless all requests have a line, refused ones (status 400 and above) have this many in a second.
  static constexpr std::uint32_t kErrorsPerSecond = 100;

  explicit AccessRing(AccessRules rules) : rules_(rules), records_(std::make_unique<Records>()) {}
  AccessRing(const AccessRing&) = delete;
  AccessRing& operator=(const AccessRing&) = delete;

  /// Of the request that is answered without a wait.
  /// Thread: the core's.
  alignas(64) AccessNote note;

  /// The next record to fill, with `sample` and `more` set; null if this request has no line.
  /// Thread: the core's.
  AccessRecord* next(int status, BootTime now) noexcept;
  /// Hands that record over.
  /// Thread: the core's.
  void put() noexcept {
    filled_.store(filled_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }

  /// The oldest record; null if there is none.
  /// Thread: the one that takes.
  const AccessRecord* front() noexcept;
  void pop() noexcept {
    emptied_.store(emptied_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }

  /// Records that found no room.
  /// Thread: any.
  std::uint64_t dropped() const noexcept { return dropped_.value(); }

 private:
  using Records = std::array<AccessRecord, kRecords>;

  bool is_wanted(int status, BootTime now) noexcept;

  alignas(64) const AccessRules rules_;
  const std::unique_ptr<Records> records_;

  /// Thread: the core's alone.
  alignas(64) std::uint64_t emptied_seen_ = 0;
  std::uint32_t passed_over_ = 0;
  std::uint32_t errors_left_ = kErrorsPerSecond;
  std::int64_t errors_since_ms_ = 0;
  std::uint32_t sample_ = 1;
  std::uint32_t left_out_ = 0;
  Counter dropped_;
  std::atomic<std::uint64_t> filled_{0};

  alignas(64) std::atomic<std::uint64_t> emptied_{0};
  std::uint64_t filled_seen_ = 0;  ///< Thread: the one that takes.
};

}  // namespace latchkey::http
