#include "latchkey/api/login_gate.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <utility>

#include "latchkey/runtime/await.h"

namespace latchkey::api {

namespace {

constexpr int kNetworkPrefixV4 = 32;
constexpr int kNetworkPrefixV6 = 64;
constexpr std::int64_t kMillisecondsPerSecond = 1000;

}  // namespace

net::IpAddress throttled_network(const net::IpAddress& address) noexcept {
  return address.masked(kNetworkPrefixV4, kNetworkPrefixV6);
}

// The order matters: at an address, every name is refused at the same count and after the same time. Only
// then does it matter what happened to the name elsewhere, and whether the address is known for it.
runtime::Task<tl::expected<Admission, PasswordVerdict>> LoginGate::admit(const std::string& name,
                                                                         net::IpAddress address,
                                                                         BootTime began) {
  using Outcome = tl::expected<Admission, PasswordVerdict>;
  credential::Throttle& throttle = parts_.throttle;
  const net::IpAddress network = throttled_network(address);
  Admission admission;

  std::int64_t wait_ms = admission.by_address.put_on(throttle.by_address(), network.bytes(), began);
  if (wait_ms > 0) co_return refuse(name, address, "address", wait_ms, throttle.metrics().by_address);
  const std::int64_t mark = throttle.unlocked().mark_of(name, began);
  wait_ms = admission.by_pair.put_on(throttle.by_pair(), metered_pair(name, network, mark), began);
  if (wait_ms > 0) {
    admission.refund();
    co_return refuse(name, address, "user_at_address", wait_ms, throttle.metrics().by_pair);
  }
  if (mark != 0) co_return Outcome(std::move(admission));
  wait_ms = admission.by_user.put_on(throttle.by_user(), name, began);
  if (wait_ms == 0) co_return Outcome(std::move(admission));

  LATCHKEY_AWAIT(const Result<bool> known, is_known(name, network, began));
  if (known && *known) co_return Outcome(std::move(admission));
  admission.refund();
  if (!known) co_return tl::unexpected(PasswordVerdict(known.error()));
  co_return refuse(name, address, "user", wait_ms, throttle.metrics().by_user);
}

// Charged before the store is asked, and not refunded if the answer is no: a flood of guesses at one name
// must not become a flood of questions to the disk.
runtime::Task<Result<bool>> LoginGate::is_known(const std::string& name, net::IpAddress network,
                                                BootTime began) {
  const Pair pair = remembered_pair(name, network);
  credential::Charge question;
  if (question.put_on(parts_.throttle.by_question(), pair, began) > 0) co_return false;
  LATCHKEY_AWAIT(Result<bool> known, parts_.known_addresses.knows(parts_.keyring.known_address_hash(pair),
                                                                  name, parts_.loop.wall_now()));
  if (known && *known) question.refund();
  co_return known;
}

// The address comes first. Its length is fixed, so no two pairs have the same bytes.
LoginGate::Pair LoginGate::remembered_pair(std::string_view name, const net::IpAddress& network) {
  const std::span<const std::uint8_t, net::IpAddress::kBytes> address = network.bytes();
  Pair pair(address.begin(), address.end());
  pair.insert(pair.end(), name.begin(), name.end());
  return pair;
}

LoginGate::Pair LoginGate::metered_pair(std::string_view name, const net::IpAddress& network,
                                        std::int64_t mark) {
  std::array<std::uint8_t, sizeof mark> mark_bytes;
  std::memcpy(mark_bytes.data(), &mark, sizeof mark);
  Pair pair(mark_bytes.begin(), mark_bytes.end());
  const Pair remembered = remembered_pair(name, network);
  pair.insert(pair.end(), remembered.begin(), remembered.end());
  return pair;
}

tl::unexpected<PasswordVerdict> LoginGate::refuse(std::string_view name, const net::IpAddress& address,
                                                  std::string_view by, std::int64_t wait_ms,
                                                  std::atomic<std::uint64_t>& refusals) {
  refusals.fetch_add(1, std::memory_order_relaxed);
  const std::int64_t seconds = (wait_ms + kMillisecondsPerSecond - 1) / kMillisecondsPerSecond;
  {
    LimitedEvent event(parts_.log, LogLevel::kInfo, "login.throttled");
    event.field("address", address.to_text()).field("by", by).field("seconds", seconds);
    parts_.names.put(event, name);
  }
  return tl::unexpected<PasswordVerdict>(Throttled{std::max<std::int64_t>(seconds, 1)});
}

// A failure here matters only once a stranger fails in this user's name, so the login goes on.
runtime::Task<void> LoginGate::remember(const credential::User& user, net::IpAddress address) {
  // If the throttle by user is off, nobody will ask.
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
