#include "latchkey/api/password_check.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "latchkey/runtime/await.h"

namespace latchkey::api {

namespace {

constexpr int kNetworkPrefixV4 = 32;
constexpr int kNetworkPrefixV6 = 64;
constexpr std::int64_t kMillisecondsASecond = 1000;

}  // namespace

net::IpAddress throttled_network(const net::IpAddress& address) noexcept {
  return address.masked(kNetworkPrefixV4, kNetworkPrefixV6);
}

runtime::Task<PasswordVerdict> PasswordCheck::check(std::string name, SecretText password,
                                                    net::IpAddress address) {
  Attempt attempt(std::move(name), address, parts_.loop.now());
  if (const std::optional<Throttled> throttled = charge(attempt)) co_return PasswordVerdict(*throttled);
  if (attempt.user_wait_ms > 0) {
    LATCHKEY_AWAIT(const Result<bool> known, is_from_known_address(attempt));
    if (!known || !*known) take_back(attempt);
    if (!known) co_return PasswordVerdict(known.error());
    if (!*known) {
      co_return PasswordVerdict(
          refuse(attempt, parts_.throttle.metrics().by_user, "user", attempt.user_wait_ms));
    }
  }

  BootTime verification_began = attempt.began;
  LATCHKEY_AWAIT(Result<std::optional<credential::User>> user,
                 parts_.authenticator.authenticate(attempt.name, std::move(password), &verification_began));
  if (user && !*user) {
    LATCHKEY_AWAIT(wait_to_refuse(attempt.began, verification_began));
    co_return PasswordVerdict(WrongPassword{});
  }
  take_back(attempt);
  if (!user) co_return PasswordVerdict(std::move(user.error()));
  LATCHKEY_AWAIT(remember(**user, address));
  co_return PasswordVerdict(std::move(**user));
}

// In this order, so that at an address every name is refused at the same count, and after the same time: what
// has happened in a name elsewhere, and whether the address is known for it, is not looked at before.
std::optional<Throttled> PasswordCheck::charge(Attempt& attempt) {
  credential::Throttle& throttle = parts_.throttle;
  attempt.address_place = throttle.by_address().place_of(attempt.network.bytes());
  const std::int64_t address_wait_ms = throttle.by_address().charge(attempt.address_place, attempt.began);
  if (address_wait_ms > 0) return refuse(attempt, throttle.metrics().by_address, "address", address_wait_ms);

  const std::int64_t mark = throttle.unlocked().mark_of(attempt.name, attempt.began);
  attempt.pair_place = throttle.by_pair().place_of(metered_pair(attempt.name, attempt.network, mark));
  const std::int64_t pair_wait_ms = throttle.by_pair().charge(attempt.pair_place, attempt.began);
  if (pair_wait_ms > 0) {
    throttle.by_address().take_back(attempt.address_place);
    return refuse(attempt, throttle.metrics().by_user, "user_at_address", pair_wait_ms);
  }
  if (mark != 0) return std::nullopt;
  attempt.user_place = throttle.by_user().place_of(attempt.name);
  attempt.user_wait_ms = throttle.by_user().charge(attempt.user_place, attempt.began);
  attempt.is_charged_to_user = attempt.user_wait_ms == 0;
  return std::nullopt;
}

void PasswordCheck::take_back(const Attempt& attempt) noexcept {
  parts_.throttle.by_address().take_back(attempt.address_place);
  parts_.throttle.by_pair().take_back(attempt.pair_place);
  if (attempt.is_charged_to_user) parts_.throttle.by_user().take_back(attempt.user_place);
}

// Charged before the store is asked, and for good where the answer is no: a flood of guesses in one name must
// not become a flood of questions to the disk.
runtime::Task<Result<bool>> PasswordCheck::is_from_known_address(const Attempt& attempt) {
  credential::FailureMeter& by_question = parts_.throttle.by_question();
  if (by_question.charge(attempt.pair_place, attempt.began) > 0) co_return false;
  LATCHKEY_AWAIT(Result<bool> known,
                 parts_.known_addresses.knows(
                     parts_.keyring.known_address_hash(remembered_pair(attempt.name, attempt.network)),
                     attempt.name, parts_.loop.wall_now()));
  if (known && *known) by_question.take_back(attempt.pair_place);
  co_return known;
}

runtime::Task<void> PasswordCheck::wait_as_if_wrong(BootTime began) { return wait_to_refuse(began, began); }

runtime::Task<void> PasswordCheck::wait_to_refuse(BootTime began, BootTime verification_began) {
  const BootTime when =
      parts_.authenticator.failure_answer_time(began, verification_began, parts_.loop.now());
  co_await parts_.loop.sleep_until(when);
}

// The address first, whose length is fixed: so no two pairs are the same bytes.
PasswordCheck::Pair PasswordCheck::remembered_pair(std::string_view name, const net::IpAddress& network) {
  const std::span<const std::uint8_t, net::IpAddress::kBytes> address = network.bytes();
  Pair pair(address.begin(), address.end());
  pair.insert(pair.end(), name.begin(), name.end());
  return pair;
}

PasswordCheck::Pair PasswordCheck::metered_pair(std::string_view name, const net::IpAddress& network,
                                                std::int64_t mark) {
  std::array<std::uint8_t, sizeof mark> mark_bytes;
  std::memcpy(mark_bytes.data(), &mark, sizeof mark);
  Pair pair(mark_bytes.begin(), mark_bytes.end());
  const Pair remembered = remembered_pair(name, network);
  pair.insert(pair.end(), remembered.begin(), remembered.end());
  return pair;
}

Throttled PasswordCheck::refuse(const Attempt& attempt, std::atomic<std::uint64_t>& counter,
                                std::string_view by, std::int64_t wait_ms) {
  counter.fetch_add(1, std::memory_order_relaxed);
  const std::int64_t seconds = (wait_ms + kMillisecondsASecond - 1) / kMillisecondsASecond;
  {
    LimitedEvent event(parts_.log, LogLevel::kInfo, "login.throttled");
    event.field("address", attempt.address.to_text()).field("by", by).field("seconds", seconds);
    names().put(event, attempt.name);
  }
  return Throttled{std::max<std::int64_t>(seconds, 1)};
}

// What is not remembered is missed only once a stranger fails in this user's name, so the login goes on.
runtime::Task<void> PasswordCheck::remember(const credential::User& user, net::IpAddress address) {
  // Where the throttle by user is off, nobody will ask.
  if (!parts_.throttle.by_user().is_on()) co_return;
  const Pair pair = remembered_pair(user.name, throttled_network(address));
  LATCHKEY_AWAIT(const Result<void> remembered,
                 parts_.known_addresses.remember(parts_.keyring.known_address_hash(pair),
                                                 {user.id, user.password_number}, parts_.loop.wall_now()));
  if (remembered) co_return;
  LimitedEvent(parts_.log, LogLevel::kWarning, "login.address_not_remembered")
      .text("user", user.name)
      .text("reason", remembered.error().text);
}

}  // namespace latchkey::api
