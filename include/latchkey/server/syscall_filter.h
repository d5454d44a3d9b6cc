// The system calls that the server makes once it is set up, and the filter that fails any other with EPERM
// (seccomp(2), by libseccomp). Part of `confine`. What goes through a ring the filter does not see: each ring
// is limited to its own operations (runtime/ring.h).
#pragma once

#include "latchkey/base/result.h"

namespace latchkey::server {

/// For this thread and those it starts. Needs no_new_privs. Error kUnavailable where the kernel refuses.
Result<void> filter_system_calls();

}  // namespace latchkey::server
