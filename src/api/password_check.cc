#include "latchkey/api/password_check.h"

#include <optional>
#include <utility>

#include "latchkey/runtime/await.h"

namespace latchkey::api {

runtime::Task<PasswordVerdict> PasswordCheck::check(std::string name, SecretText password,
                                                    net::IpAddress address) {
  const BootTime began = loop_.now();
  LATCHKEY_AWAIT(auto admission, gate_.admit(name, address, began));
  if (!admission) co_return std::move(admission.error());

  BootTime verification_began = began;
  LATCHKEY_AWAIT(auto user,
                 authenticator_.authenticate(std::move(name), std::move(password), &verification_began));
  if (user && !*user) {
    LATCHKEY_AWAIT(wait_to_refuse(began, verification_began));
    co_return PasswordVerdict(WrongPassword{});
  }
  admission->refund();
  if (!user) co_return PasswordVerdict(std::move(user.error()));
  LATCHKEY_AWAIT(remember(**user, address));
  co_return PasswordVerdict(std::move(**user));
}

runtime::Task<void> PasswordCheck::wait_to_refuse(BootTime began, BootTime verification_began) {
  const BootTime when = authenticator_.failure_answer_time(began, verification_began, loop_.now());
  co_await loop_.sleep_until(when);
}

}  // namespace latchkey::api
