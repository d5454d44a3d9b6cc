// Landlock (landlock(7)): puts files and TCP ports out of this process's reach. Part of `confine`.
#pragma once

#include <filesystem>
#include <vector>

#include "latchkey/base/result.h"
#include "server/confinement.h"

namespace latchkey::server {

/// From here on this thread, and those it starts, open only files below `data`, make and open for writing
/// only files below `log_directories`, run none, bind and connect no TCP socket, and signal no process
/// outside. Open descriptors stay open. If the kernel has no Landlock, `gaps` says so. Requires: no_new_privs
/// is set. Errors: kUnavailable if the kernel has Landlock but refuses.
Result<void> limit_to_directories(const std::filesystem::path& data,
                                  const std::vector<std::filesystem::path>& log_directories,
                                  ConfinementGaps& gaps);

}  // namespace latchkey::server
