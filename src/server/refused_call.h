// Handles a system call that the filter has caught (`syscall_filter.h`). Only an intruder makes a call that
// is a way out of the sandbox (a socket, a ring, a program, another process, code): the process names the
// call, and ends by SIGSYS. Any other call, which a later library may try, fails with EPERM; the first of
// each gets a line in the log.
// Thread: any, in the handler of SIGSYS.
#pragma once

namespace latchkey::server {

/// Sets the handler and looks up the names of all calls.
/// Requires: the filter is not loaded yet.
void handle_refused_calls();

}  // namespace latchkey::server
