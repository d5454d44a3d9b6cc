// Confinement: what the process gives up while it starts, so that whoever takes it over has little: root,
// every capability, the way to new privileges, core dumps, every file but the data directory's, sockets,
// rings, other programs and processes, and the system calls that it does not need. The main thread, at the
// start, in the order in which the functions stand here.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "latchkey/base/result.h"

namespace latchkey::server {

/// What could not be given up on this kernel, or under this user: a sentence each, with the way out.
using ConfinementGaps = std::vector<std::string>;

/// The three standard descriptors are open, where the parent had closed one by /dev/null: no file of the
/// server becomes one. Where `alone`, nothing else that the parent left open stays so. Before anything is
/// opened. Error kUnavailable where /dev/null cannot be opened.
Result<void> own_descriptors(bool alone);

struct RootRules {
  bool may_create = false;  ///< `data` may be made: it is as its parent's owner has it
  bool may_stay = false;    ///< over data of root's own
};

/// Started as root: becomes the user and the group that own `data`, without supplementary groups, and keeps
/// of root's capabilities only the one that binds low ports, until `confine`. Where `data` is root's own it
/// stays root if it may, and says so in `gaps`; else that is an error, kInvalid, with the commands that mend
/// it. Where `data` is missing and may not be made, nothing changes: who opens it will say so. Error
/// kUnavailable where the kernel refuses.
Result<void> leave_root(const std::filesystem::path& data, ConfinementGaps& gaps,
                        const RootRules& rules = {});

/// After files are opened and sockets bound, before the first thread. From here on this process and its
/// threads have no capability, gain no privilege, dump no core, reach no file outside `data`, bind and
/// connect no TCP socket, and reach neither abstract Unix sockets nor processes outside. Error kUnavailable
/// where the kernel refuses what it has.
Result<void> confine(const std::filesystem::path& data, ConfinementGaps& gaps);

/// After all rings are made: every thread, of now and of later, makes only the system calls of
/// `syscall_filter.h`. Error kUnavailable where the kernel refuses.
Result<void> close_ways_out();

}  // namespace latchkey::server
