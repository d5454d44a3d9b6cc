// What the command does to tokens. Each returns the exit status.
#pragma once

#include "arguments.h"

namespace latchkey::command {

/// Of one user, or of all if none is named.
int list_tokens(const Arguments& arguments);
int revoke_tokens(const Arguments& arguments);

}  // namespace latchkey::command
