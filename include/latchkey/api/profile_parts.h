// profile_parts: what a token's profile is made of, for a user as the directory knows them.
// Thread: any; it is a pure function.
#pragma once

#include "latchkey/credential/user.h"
#include "latchkey/token/profile.h"

namespace latchkey::api {

inline token::ProfileParts profile_parts(const credential::User& user) {
  return {.number = user.profile_number,
          .groups = user.groups,
          .first_name = user.first_name,
          .last_name = user.last_name,
          .email = user.email};
}

}  // namespace latchkey::api
