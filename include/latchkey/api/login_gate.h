// LoginGate: lets a login attempt through to the hash, or refuses it by a throttle (C-20). It charges each
// attempt by address, by name at that address, and by name. An admitted attempt holds its charges, and its
// caller refunds them unless the attempt failed. The gate never sees a password.
// Thread: its core's coroutines. The core's PasswordCheck owns it.
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

/// The part of an address that counts as one client where failures are metered, logins remembered and
/// connections counted: all of an IPv4 address, the /64 of an IPv6 address. A host chooses its addresses
/// freely within a /64 (RFC 4291 §2.5.1, RFC 8981).
net::IpAddress throttled_network(const net::IpAddress& address) noexcept;

/// The charges of an admitted attempt. They count as a failure unless refunded.
struct Admission {
  credential::Charge by_address;
  credential::Charge by_pair;
  credential::Charge by_user;  ///< empty if the name is unlocked or the address is known for it

  void refund() noexcept {
    by_address.refund();
    by_pair.refund();
    by_user.refund();
  }
};

/// What a LoginGate works with. The throttle and the keys belong to all cores, the rest to the gate's core.
/// Lifetime: everything here outlives the gate.
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

  /// Charges an attempt in this name from this address that `began` now. The charge comes before any hash, so
  /// a thousand simultaneous guesses get no further than a thousand in a row. A refused attempt gets
  /// Throttled or the store's Error, and is charged nothing.
  ///
  /// Where the meter of the name would refuse, an address that is known for that user is admitted without a
  /// charge by name. A fourth meter bounds how often the store is asked about that. An unlocked name
  /// (Throttle::unlock) has no meter by name.
  /// Lifetime: `name` outlives the wait.
  runtime::Task<tl::expected<Admission, PasswordVerdict>> admit(const std::string& name,
                                                                net::IpAddress address, BootTime began);

  /// Remembers that this user logged in from the address with the password of this number.
  /// Lifetime: `user` outlives the wait.
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
