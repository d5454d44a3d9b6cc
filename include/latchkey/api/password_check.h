// PasswordCheck: the one way in which any resource tries a password: the gate that may refuse the attempt
// unheard (C-20), the authenticator, and for what was wrong the wait that tells nobody what it was (C-14). It
// knows nothing of requests and answers. One object a core thread, used by that thread's coroutines only.
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
  explicit PasswordCheck(const PasswordCheckParts& parts) noexcept
      : loop_(parts.loop),
        authenticator_(parts.authenticator),
        gate_({.loop = parts.loop,
               .log = parts.log,
               .names = parts.authenticator.names(),
               .throttle = parts.throttle,
               .known_addresses = parts.known_addresses,
               .keyring = parts.keyring}) {}

  /// Tries `password` for the user named `name` (trimmed where the resource trims) from `address` (C-34).
  ///
  /// LoginGate::admit charges the attempt; the charges are refunded where the password was right, or where
  /// the attempt never was one. A success clears nothing else: who has an account must not clear his address
  /// by it.
  ///
  /// WrongPassword comes at the end of a step of time (Authenticator::failure_answer_time); all else at once.
  runtime::Task<PasswordVerdict> check(std::string name, SecretText password, net::IpAddress address);

  /// How the names that were tried stand in the log.
  const credential::NamesInLog& names() const noexcept { return authenticator_.names(); }

  /// The wait before a refusal for another reason than the password, of a request that `began` then, so that
  /// it looks like WrongPassword.
  runtime::Task<void> wait_as_if_wrong(BootTime began) { return wait_to_refuse(began, began); }

  /// LoginGate::remember: after a login, which `check` sees to, and after who was checked has set himself
  /// another password. `user` outlives the wait.
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
