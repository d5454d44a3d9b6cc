#include "latchkey/api/password_check.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace latchkey::api {

namespace {

constexpr int kNetworkPrefixV4 = 32;
constexpr int kNetworkPrefixV6 = 64;
constexpr std::int64_t kMillisecondsASecond = 1000;

// A core writes a line on one refusal in this time, with the number of those before it that it did not write
// of.
constexpr std::int64_t kRefusalLogMs = 1000;

}  // namespace

net::IpAddress throttled_network(const net::IpAddress& address) noexcept {
  return address.masked(kNetworkPrefixV4, kNetworkPrefixV6);
}

runtime::Task<PasswordVerdict> PasswordCheck::check(std::string name, SecretText password,
                                                    net::IpAddress address) {
  const BootTime began = parts_.loop.now();
  const net::IpAddress network = throttled_network(address);
  credential::FailureMeter& by_address = parts_.throttle.by_address();
  credential::FailureMeter& by_user = parts_.throttle.by_user();
  credential::FailureMeter& by_pair = parts_.throttle.by_pair();
  credential::ThrottleMetrics& metrics = parts_.throttle.metrics();

  const credential::FailureMeter::Place address_place = by_address.place_of(network.bytes());
  const std::int64_t address_wait_ms = by_address.charge(address_place, began);
  if (address_wait_ms > 0) {
    co_return PasswordVerdict(refuse(metrics.by_address, "address", name, address, address_wait_ms));
  }
  const credential::FailureMeter::Place user_place = by_user.place_of(name);
  const std::int64_t user_wait_ms = by_user.charge(user_place, began);
  const bool is_excess = user_wait_ms > 0;
  const Pair pair = pair_of(name, network);
  const credential::FailureMeter::Place pair_place = by_pair.place_of(pair);
  if (is_excess) {
    // Charged before the store is asked, and for good where the answer is no: a flood of guesses in one name
    // must not become a flood of questions to the disk.
    const std::int64_t pair_wait_ms = by_pair.charge(pair_place, began);
    Result<bool> known = false;
    if (pair_wait_ms == 0) {
      auto asking =
          parts_.known_addresses.knows(parts_.keyring.known_address_hash(pair), parts_.loop.wall_now());
      known = co_await asking;
    }
    if (!known || !*known) by_address.take_back(address_place);
    if (!known) co_return PasswordVerdict(std::move(known.error()));
    if (!*known) {
      const std::int64_t wait_ms = std::max(user_wait_ms, pair_wait_ms);
      co_return PasswordVerdict(refuse(metrics.by_user, "user", name, address, wait_ms));
    }
  }

  BootTime verification_began = began;
  auto authenticating = parts_.authenticator.authenticate(name, std::move(password), &verification_began);
  Result<std::optional<credential::User>> user = co_await authenticating;
  if (user && !*user) {
    auto waiting = wait_to_refuse(began, verification_began);
    co_await waiting;
    co_return PasswordVerdict(WrongPassword{});
  }
  by_address.take_back(address_place);
  if (is_excess) {
    by_pair.take_back(pair_place);
  } else {
    by_user.take_back(user_place);
  }
  if (!user) co_return PasswordVerdict(std::move(user.error()));
  // Where the throttle by user is off, nobody will ask.
  if (by_user.is_on()) {
    auto remembering = remember(std::move(name), network);
    co_await remembering;
  }
  co_return PasswordVerdict(std::move(**user));
}

runtime::Task<void> PasswordCheck::wait_as_if_wrong(BootTime began) { return wait_to_refuse(began, began); }

runtime::Task<void> PasswordCheck::wait_to_refuse(BootTime began, BootTime verification_began) {
  const BootTime when =
      parts_.authenticator.failure_answer_time(began, verification_began, parts_.loop.now());
  co_await parts_.loop.sleep_until(when);
}

// The address first, whose length is fixed: so no two pairs are the same bytes.
PasswordCheck::Pair PasswordCheck::pair_of(std::string_view name, const net::IpAddress& network) {
  const std::span<const std::uint8_t, net::IpAddress::kBytes> address = network.bytes();
  Pair pair(address.begin(), address.end());
  pair.insert(pair.end(), name.begin(), name.end());
  return pair;
}

Throttled PasswordCheck::refuse(std::atomic<std::uint64_t>& counter, std::string_view by,
                                std::string_view name, const net::IpAddress& address, std::int64_t wait_ms) {
  counter.fetch_add(1, std::memory_order_relaxed);
  const std::int64_t seconds = (wait_ms + kMillisecondsASecond - 1) / kMillisecondsASecond;
  // What costs a stranger nothing must not drive out of the log what matters.
  const BootTime now = parts_.loop.now();
  if (refusals_logged_.ms != 0 && now.ms - refusals_logged_.ms < kRefusalLogMs) {
    ++refusals_unlogged_;
  } else {
    refusals_logged_ = now;
    LogEvent(parts_.log, LogLevel::kInfo, "login.throttled")
        .field("user", name)
        .field("address", address.to_text())
        .field("by", by)
        .field("seconds", seconds)
        .field("more", std::exchange(refusals_unlogged_, 0));
  }
  return Throttled{std::max<std::int64_t>(seconds, 1)};
}

// What is not remembered is missed only once a stranger fails in this user's name, so the login goes on.
runtime::Task<void> PasswordCheck::remember(std::string name, net::IpAddress network) {
  auto remembering = parts_.known_addresses.remember(
      parts_.keyring.known_address_hash(pair_of(name, network)), parts_.loop.wall_now());
  const Result<void> remembered = co_await remembering;
  if (remembered) co_return;
  LogEvent(parts_.log, LogLevel::kWarning, "login.address_not_remembered")
      .field("user", name)
      .field("reason", remembered.error().text);
}

}  // namespace latchkey::api
