// PasswordCheck: the one way in which any resource tries a password: the throttles by address, by user at an
// address and by user (C-20), the authenticator, and for what was wrong the wait that tells nobody what it
// was (C-14). It knows nothing of requests and answers. One object a core thread, used by that thread's
// coroutines only.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "latchkey/base/clock.h"
#include "latchkey/base/log.h"
#include "latchkey/base/result.h"
#include "latchkey/base/secret.h"
#include "latchkey/credential/authenticator.h"
#include "latchkey/credential/known_addresses.h"
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

/// Unknown name, wrong password, inactive user: nobody is told which.
struct WrongPassword {};

/// Nothing was tried.
struct Throttled {
  std::int64_t seconds = 1;  ///< until it may be tried again; at least 1
};

/// The user of a right password; or why there is none. An Error is a bound's or the disk's, and kInvalid for
/// a password over credential::kMaxPasswordBytes.
using PasswordVerdict = std::variant<credential::User, WrongPassword, Throttled, Error>;

/// What a PasswordCheck works with; all of it outlives it. The throttle and the keys are all cores', the rest
/// is the core's own.
struct PasswordCheckParts {
  runtime::Loop& loop;
  Log& log;
  credential::Throttle& throttle;
  credential::KnownAddresses& known_addresses;
  credential::Authenticator& authenticator;
  const token::Keyring& keyring;
};

class PasswordCheck {
 public:
  explicit PasswordCheck(const PasswordCheckParts& parts) noexcept : parts_(parts) {}

  /// Tries `password` for the user named `name` (trimmed where the resource trims) from `address` (C-34).
  ///
  /// The meters of the address, of name and address, and of the name are charged before anything is hashed,
  /// so that of a thousand guesses at once no more get through than of a thousand in a row. The charges are
  /// taken back where the password was right, or where the attempt never was one. A success clears nothing
  /// else: who has an account must not clear his address by it. Where the meter of the name would refuse, an
  /// address that is known for that user is let through, uncharged by name. A fourth meter bounds how often
  /// the store is asked for that. A name that is unlocked (Throttle::unlock) has no meter by name.
  ///
  /// WrongPassword comes at the end of a step of time (Authenticator::failure_answer_time); all else at once.
  runtime::Task<PasswordVerdict> check(std::string name, SecretText password, net::IpAddress address);

  /// How the names that were tried stand in the log.
  const credential::NamesInLog& names() const noexcept { return parts_.authenticator.names(); }

  /// The wait before a refusal for another reason than the password, of a request that `began` then, so that
  /// it looks like WrongPassword.
  runtime::Task<void> wait_as_if_wrong(BootTime began);

  /// Remembers that this user, with the password of this number, was at the address: after a login, which
  /// `check` sees to, and after who was checked has set himself another password. `user` outlives the wait.
  runtime::Task<void> remember(const credential::User& user, net::IpAddress address);

 private:
  /// Who tries what from where, and what was charged for it.
  struct Attempt {
    Attempt(std::string of, const net::IpAddress& from, BootTime at)
        : name(std::move(of)), address(from), network(throttled_network(from)), began(at) {}

    const std::string name;
    const net::IpAddress address;
    const net::IpAddress network;
    const BootTime began;
    credential::FailureMeter::Place address_place{};
    credential::FailureMeter::Place pair_place{};
    credential::FailureMeter::Place user_place{};
    std::int64_t user_wait_ms = 0;  ///< not 0: the meter of the name refuses
    bool is_charged_to_user = false;
  };

  using Pair = std::vector<std::uint8_t>;
  static Pair remembered_pair(std::string_view name, const net::IpAddress& network);
  static Pair metered_pair(std::string_view name, const net::IpAddress& network, std::int64_t mark);
  /// Charges address and pair, and the name as far as it is not unlocked; a refusal leaves nothing charged.
  std::optional<Throttled> charge(Attempt& attempt);
  void take_back(const Attempt& attempt) noexcept;
  runtime::Task<Result<bool>> is_from_known_address(const Attempt& attempt);
  runtime::Task<void> wait_to_refuse(BootTime began, BootTime verification_began);
  Throttled refuse(const Attempt& attempt, std::atomic<std::uint64_t>& counter, std::string_view by,
                   std::int64_t wait_ms);

  const PasswordCheckParts parts_;
};

}  // namespace latchkey::api
