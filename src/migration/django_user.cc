#include "migration/django_user.h"

#include <algorithm>
#include <string>

namespace latchkey::migration {

namespace {

/// MD5 without a salt, which early Djangos wrote bare.
bool is_bare_md5(std::string_view password) noexcept {
  constexpr std::size_t kDigits = 32;
  return password.size() == kDigits && std::all_of(password.begin(), password.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace

void take_django_password(ForeignUser& user, std::string_view password) {
  if (password.empty() || password.starts_with('!')) {
    user.active = false;
    user.note = "disabled: Django has no password of this user, who came by LDAP or single sign-on";
    return;
  }
  user.hash = (is_bare_md5(password) ? "md5$$" : "") + std::string(password);
}

}  // namespace latchkey::migration
