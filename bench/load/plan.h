// Plan: what a run is to do, from a valid command line. A value.
// Thread: the main thread makes it; the threads of the run read it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "latchkey/net/address.h"
#include "load/assertion.h"
#include "load/tally.h"
#include "load/target.h"
#include "load/units.h"

namespace latchkey::load {

enum class Scenario : std::uint8_t { kUrl, kCheck, kLogin, kMixed, kChurn, kIdle, kSlow };
/// As on the command line; `url` for a URL.
std::string_view name_of(Scenario scenario) noexcept;

/// A token as it is sent.
using TokenDigits = std::array<char, 40>;

struct Plan {
  static constexpr std::size_t kMostConnections = 1'000'000;
  static constexpr std::size_t kMostThreads = 256;
  static constexpr std::size_t kMostPipelined = 1024;
  static constexpr double kHighestRate = 1e8;
  static constexpr std::size_t kMostTokens = 100'000'000;
  /// With Linux's defaults an address has 28,000 ports to connect from. If the server is on 127.0.0.0/8,
  /// further connections come from further addresses there, this many from each.
  static constexpr std::size_t kConnectionsPerAddress = 10'000;

  Scenario scenario = Scenario::kCheck;
  Target target;
  std::size_t connections = 64;
  std::size_t threads = 1;
  std::size_t pipeline = 1;
  double rate = 0;  ///< requests per second of all threads; 0: closed loop
  std::int64_t warmup_ns = kNsPerSecond;
  std::int64_t duration_ns = 10 * kNsPerSecond;
  std::int64_t timeout_ns = 10 * kNsPerSecond;
  std::string agent = "latchkey-bench";

  std::string user;
  std::string password;
  std::vector<std::string> tokens;                          ///< one for each source address
  std::vector<TokenDigits> tokens_by_turns;                 ///< check: each request shows the next one
  double login_share = 0.01;                                ///< mixed
  std::uint64_t checks_per_login = 10;                      ///< churn
  std::int64_t byte_interval_ns = 100 * kNsPerMillisecond;  ///< slow

  std::string method = "GET";
  std::string body;
  std::vector<std::string> header_lines;  ///< `Name: value`

  std::vector<Assertion> assertions;
  std::string json_path;
  std::string html_path;

  /// Whether requests are due by a clock, rather than when the one before is answered.
  bool is_open_loop() const noexcept { return rate > 0; }
  /// Whether the requests need a token from the start that the plan does not have.
  bool needs_token() const noexcept { return tokens.empty() && tokens_by_turns.empty() && shows_token(); }
  bool shows_token() const noexcept {
    return scenario == Scenario::kCheck || scenario == Scenario::kMixed || scenario == Scenario::kSlow;
  }
  bool needs_user() const noexcept {
    return scenario == Scenario::kLogin || scenario == Scenario::kMixed || scenario == Scenario::kChurn;
  }
  std::span<const RequestKind> kinds() const noexcept;
  /// How many source addresses the connections have.
  std::size_t sources() const noexcept;
  /// Which of them the connection `number` (among all threads) has.
  std::size_t source_of(std::size_t number) const noexcept {
    return number / kConnectionsPerAddress % sources();
  }
  /// The address itself; nothing if the kernel chooses it.
  std::optional<net::IpAddress> source_address(std::size_t source) const noexcept;
};

}  // namespace latchkey::load
