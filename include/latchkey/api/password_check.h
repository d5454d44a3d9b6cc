// PasswordCheck: tries a password, on behalf of any resource; no password is tried elsewhere. It asks the
// gate, which may refuse the attempt untried (C-20), then the authenticator. It delays the answer to a wrong
// attempt so that the time does not tell what was wrong (C-14). It knows nothing of requests and answers.
// Thread: its core's coroutines; one object per core.
#pragma once

#include <string>

#include "api/password_verdict.h"
#include "latchkey/api/login_gate.h"
#include "latchkey/base/clock.h"
#include "latchkey/base/log.h"
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

/// What a PasswordCheck works with. The throttle and the keys belong to all cores, the rest to its core.
/// Lifetime: everything here outlives the PasswordCheck.
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
  explicit PasswordCheck(const PasswordCheckParts& parts) noexcept
      : loop_(parts.loop),
        authenticator_(parts.authenticator),
        gate_({.loop = parts.loop,
               .log = parts.log,
               .names = parts.authenticator.names(),
               .throttle = parts.throttle,
               .known_addresses = parts.known_addresses,
               .keyring = parts.keyring}) {}

  /// Tries `password` for the user named `name` (trimmed if the resource trims) from `address` (C-34).
  ///
  /// LoginGate::admit charges the attempt. The charges are refunded if the password was right or was never
  /// tried. A success clears no other charges: users must not be able to clear their address with their own
  /// account.
  ///
  /// WrongPassword is returned at the end of a step (Authenticator::failure_answer_time), all else at once.
  runtime::Task<PasswordVerdict> check(std::string name, SecretText password, net::IpAddress address);

  /// How names that were tried appear in the log.
  const credential::NamesInLog& names() const noexcept { return authenticator_.names(); }

  /// Waits before a refusal for a reason other than the password, so that it takes as long as WrongPassword.
  /// `began` is when the request began.
  runtime::Task<void> wait_as_if_wrong(BootTime began) { return wait_to_refuse(began, began); }

  /// LoginGate::remember. `check` calls it after a login; the caller calls it after a checked user has set a
  /// new password.
  /// Lifetime: `user` outlives the wait.
  runtime::Task<void> remember(const credential::User& user, net::IpAddress address) {
    return gate_.remember(user, address);
  }

 private:
  runtime::Task<void> wait_to_refuse(BootTime began, BootTime verification_began);

  runtime::Loop& loop_;
  credential::Authenticator& authenticator_;
  LoginGate gate_;
};

}  // namespace latchkey::api
