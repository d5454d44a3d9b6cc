// `latchkey user export`: writes all users, as lines of JSON that `user import --from latchkey` reads, or as
// htpasswd.
#pragma once

#include "arguments.h"

namespace latchkey::command {

/// Returns the exit status: kExitInPart if any user was left out.
int export_users(const Arguments& arguments);

}  // namespace latchkey::command
