// Landlock (landlock(7)): puts files and TCP ports out of this process's reach. Part of `confine`.
#pragma once

#include <filesystem>

#include "latchkey/base/result.h"
#include "server/confinement.h"

namespace latchkey::server {

/// From here on this thread, and those it starts, open only files below `directory`, run none, bind and
/// connect no TCP socket, and signal no process outside. Open descriptors stay open. If the kernel has no
/// Landlock, `gaps` says so.
/// Requires: no_new_privs is set.
/// Errors: kUnavailable if the kernel has Landlock but refuses.
Result<void> limit_to_directory(const std::filesystem::path& directory, ConfinementGaps& gaps);

}  // namespace latchkey::server
