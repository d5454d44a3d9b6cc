// Login: the result of a login. A plain value.
// Thread: any.
#pragma once

#include "latchkey/base/clock.h"
#include "latchkey/token/format.h"

namespace latchkey::token {

struct Login {
  Token token;
  WallTime expires;
  bool is_new = false;
};

}  // namespace latchkey::token
