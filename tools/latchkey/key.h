// `latchkey key renew`: replaces the key file if it is lost, or known to others. Works on the files, while no
// server runs. `latchkey key rotate`: signs new tokens with the next key, while a server runs or not. Each
// returns the exit status.
#pragma once

#include "arguments.h"

namespace latchkey::command {

int renew_key_file(const Arguments& arguments);
int rotate_key_file(const Arguments& arguments);

}  // namespace latchkey::command
