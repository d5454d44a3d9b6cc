// `latchkey user import`: takes in the users of another program, all in one transaction, and says of each
// what became of them. `latchkey user export` is the way out.
#pragma once

#include "arguments.h"

namespace latchkey::command {

/// Returns the exit status: kExitInPart if any user was refused.
int import_users(const Arguments& arguments);

}  // namespace latchkey::command
