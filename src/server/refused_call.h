// What becomes of a system call that the filter has caught (syscall_filter.h). A call that is a way out of
// the sandbox (a socket, a ring, a program, another process, code) is made by nobody but an intruder: the
// process says which it was, and ends by SIGSYS. Any other one, which a later library may try, fails with
// EPERM, and the log has a line for the first of each. Any thread, in the handler of SIGSYS.
#pragma once

namespace latchkey::server {

/// Sets the handler, and finds the names of all calls meanwhile. Before the filter is there.
void handle_refused_calls();

}  // namespace latchkey::server
