// Confinement: what the process gives up as it starts, so that an intruder who takes it over gains little. It
// gives up root, every capability, the means to gain new privileges, core dumps, all files outside the data
// directory, sockets, rings, other programs and processes, and the system calls that it does not need.
// Thread: the main thread, during the start, in the order of the functions below.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "latchkey/base/result.h"

namespace latchkey::server {

/// What could not be given up on this kernel or as this user: one sentence each, with the remedy.
using ConfinementGaps = std::vector<std::string>;

/// Opens /dev/null in place of any standard descriptor that the parent closed, so that no file of the server
/// takes its number. With `alone`, also closes every other descriptor that the parent left open.
/// Requires: nothing has been opened yet.
/// Errors: kUnavailable if /dev/null cannot be opened.
Result<void> own_descriptors(bool alone);

struct RootRules {
  bool may_create = false;   ///< `data` may be created, for the owner of its parent
  bool may_stay = false;     ///< if root itself owns `data`
  bool gives_group = false;  ///< a listening socket is to have a group, for which root keeps a right
};

/// If started as root, becomes the user and group that own `data`, without supplementary groups. Of root's
/// capabilities it keeps only the one to bind low ports, until `confine`, and if it `gives_group` that to
/// change a file's group, until `give_up_chown`. If root owns `data`, the process
/// stays root where it may, and notes that in `gaps`. If `data` is missing and may not be created, nothing
/// changes: opening it will report the error.
/// Errors: kInvalid if root owns `data` and the process may not stay root; the text has the commands to mend
/// it. kUnavailable if the kernel refuses.
Result<void> leave_root(const std::filesystem::path& data, ConfinementGaps& gaps,
                        const RootRules& rules = {});

/// Gives up the right to change a file's group.
void give_up_chown() noexcept;

/// From here on this process and its threads have no capability, gain no privilege, dump no core, reach no
/// file outside `data`, make and write files in `log_directories` only, bind and connect no TCP socket, and
/// reach no abstract Unix socket or process outside. Requires: files are open, sockets are bound, and no
/// thread has been started. Errors: kUnavailable if the kernel supports a restriction but refuses it.
Result<void> confine(const std::filesystem::path& data,
                     const std::vector<std::filesystem::path>& log_directories, ConfinementGaps& gaps);

/// Limits every thread, running or started later, to the system calls of `syscall_filter.h`.
/// Requires: all rings have been created.
/// Errors: kUnavailable if the kernel refuses.
Result<void> close_ways_out();

}  // namespace latchkey::server
