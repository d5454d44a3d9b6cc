#include "latchkey/base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace latchkey {

void assertion_failed(const char* statement, const char* file, int line) noexcept {
  std::fprintf(stderr, "latchkey: assertion failed: %s at %s:%d; this is a bug, please report it\n",
               statement, file, line);
  std::abort();
}

}  // namespace latchkey
