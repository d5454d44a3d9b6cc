// The system calls that the server makes once it is set up, and the filter that catches any other
// (seccomp(2), by libseccomp); refused_call.h says what becomes of one that was caught. What goes through a
// ring the filter does not see: each ring is limited to its own operations (runtime/ring.h).
#pragma once

#include "latchkey/base/result.h"

namespace latchkey::server {

/// For every thread that runs and those that start later. All rings are made and restricted, and every socket
/// that is ever needed is open. Needs no_new_privs. Error kUnavailable where the kernel refuses.
Result<void> filter_system_calls();

}  // namespace latchkey::server
