// The system calls that the server makes once it is set up, and the filter that catches every other one
// (seccomp(2), by libseccomp). `refused_call.h` handles a caught one. The filter does not see what goes
// through a ring: each ring is limited to its own operations (`runtime/ring.h`).
#pragma once

#include "latchkey/base/result.h"

namespace latchkey::server {

/// Applies to every thread, running or started later.
/// Requires: no_new_privs is set, all rings exist and are restricted, and every socket ever needed is open.
/// Errors: kUnavailable if the kernel refuses.
Result<void> filter_system_calls();

}  // namespace latchkey::server
