// What the connections of a core count: the answers by resource and status, and the bounds that were reached.
// Thread: the core's counts; any thread reads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "latchkey/base/counter.h"

namespace latchkey::http {

/// Every status with which this server answers. Any other counts as the last.
inline constexpr std::array<int, 24> kStatuses = {200, 201, 204, 301, 302, 303, 304, 308, 400, 401, 403, 404,
                                                  405, 406, 408, 413, 414, 415, 417, 429, 431, 501, 503, 505};

namespace detail {
inline constexpr std::size_t kMaxStatus = 600;
constexpr std::array<std::uint8_t, kMaxStatus> places_of_statuses() noexcept {
  std::array<std::uint8_t, kMaxStatus> places{};
  places.fill(static_cast<std::uint8_t>(kStatuses.size()));
  for (std::size_t i = 0; i < kStatuses.size(); ++i)
    places[static_cast<std::size_t>(kStatuses[i])] = static_cast<std::uint8_t>(i);
  return places;
}
inline constexpr std::array<std::uint8_t, kMaxStatus> kPlacesOfStatuses = places_of_statuses();
}  // namespace detail

/// A bound that a client's connection reached.
enum class Bound : std::uint8_t {
  kHeadLimit,
  kBodyLimit,
  kHeaderTimeout,
  kBodyTimeout,
  kIdleTimeout,
  kWriteTimeout,
  kProxyProtocol,
  kSyntax,
};
inline constexpr std::array<std::string_view, 8> kBoundNames = {
    "head_limit",   "body_limit",    "header_timeout", "body_timeout",
    "idle_timeout", "write_timeout", "proxy_protocol", "syntax"};

struct alignas(64) HttpMetrics {
  /// A request that named no resource, or was refused before its resource was looked up, belongs to resource
  /// 0. The handler numbers the others.
  static constexpr std::size_t kMaxResources = 32;
  /// The places of kStatuses, and one for any other status.
  static constexpr std::size_t kCodes = kStatuses.size() + 1;

  void count_answer(std::size_t resource, int status) noexcept {
    answers[resource][detail::kPlacesOfStatuses[static_cast<std::size_t>(status)]].add();
    answered.add();
  }

  std::array<std::array<Counter, kCodes>, kMaxResources> answers;
  Counter answered;  ///< the sum of `answers`
  CounterSet<Bound, kBoundNames.size()> bounds;
};

}  // namespace latchkey::http
