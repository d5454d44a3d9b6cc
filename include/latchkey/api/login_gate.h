// LoginGate: lets an attempt to log in through to the hash, or refuses it by a throttle (C-20). It charges
// the attempt by address, by name at that address and by name; whoever is let through holds the charges, and
// refunds them where the attempt did not fail. It knows of no password. Owned by the core's PasswordCheck.
// Thread: that core's coroutines.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "api/password_verdict.h"
#include "latchkey/base/clock.h"
#include "latchkey/base/log.h"
#include "latchkey/base/result.h"
#include "latchkey/credential/charge.h"
#include "latchkey/credential/known_addresses.h"
#include "latchkey/credential/names_in_log.h"
#include "latchkey/credential/throttle.h"
#include "latchkey/credential/user.h"
#include "latchkey/net/address.h"
#include "latchkey/runtime/loop.h"
#include "latchkey/runtime/task.h"
#include "latchkey/token/keyring.h"

namespace latchkey::api {

/// What counts as one address where failures are metered, logins remembered and connections counted: IPv4
/// whole, IPv6 by its /64, within which a host takes what addresses it likes (RFC 4291 §2.5.1, RFC 8981).
net::IpAddress throttled_network(const net::IpAddress& address) noexcept;

/// What an attempt that was let through is charged. It has failed unless it is refunded.
struct Admission {
  credential::Charge by_address;
  credential::Charge by_pair;
  credential::Charge by_user;  ///< of nothing where the name is unlocked, or the address known for it

  void refund() noexcept {
    by_address.refund();
    by_pair.refund();
    by_user.refund();
  }
};

/// What a LoginGate works with; all of it outlives it. The throttle and the keys are all cores', the rest is
/// the core's own.
struct LoginGateParts {
  runtime::Loop& loop;
  Log& log;
  const credential::NamesInLog& names;
  credential::Throttle& throttle;
  credential::KnownAddresses& known_addresses;
  const token::Keyring& keyring;
};

class LoginGate {
 public:
  explicit LoginGate(const LoginGateParts& parts) noexcept : parts_(parts) {}

  /// Charges an attempt in this name from this address that `began` now, before anything is hashed, so that
  /// of a thousand guesses at once no more get through than of a thousand in a row. Otherwise Throttled, or
  /// the Error of the store, and nothing is charged. `name` outlives the wait.
  ///
  /// Where the meter of the name would refuse, an address that is known for that user is let through,
  /// uncharged by name; a fourth meter bounds how often the store is asked for that. A name that is unlocked
  /// (Throttle::unlock) has no meter by name.
  runtime::Task<tl::expected<Admission, PasswordVerdict>> admit(const std::string& name,
                                                                net::IpAddress address, BootTime began);

  /// Remembers that this user, with the password of this number, was at the address. `user` outlives the
  /// wait.
  runtime::Task<void> remember(const credential::User& user, net::IpAddress address);

 private:
  using Pair = std::vector<std::uint8_t>;
  static Pair remembered_pair(std::string_view name, const net::IpAddress& network);
  static Pair metered_pair(std::string_view name, const net::IpAddress& network, std::int64_t mark);

  runtime::Task<Result<bool>> is_known(const std::string& name, net::IpAddress network, BootTime began);
  tl::unexpected<PasswordVerdict> refuse(std::string_view name, const net::IpAddress& address,
                                         std::string_view by, std::int64_t wait_ms,
                                         std::atomic<std::uint64_t>& refusals);

  const LoginGateParts parts_;
};

}  // namespace latchkey::api
