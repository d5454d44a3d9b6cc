// Landlock: files and TCP ports that this process can no longer reach (landlock(7)). Part of `confine`.
#pragma once

#include <filesystem>

#include "latchkey/base/result.h"
#include "server/confinement.h"

namespace latchkey::server {

/// From here on this thread, and those it starts, open files below `directory` alone, run none, bind and
/// connect no TCP socket, and signal no process outside; what is open stays open. A kernel without it stands
/// in `gaps`. Needs no_new_privs. Error kUnavailable where the kernel refuses what it has.
Result<void> limit_to_directory(const std::filesystem::path& directory, ConfinementGaps& gaps);

}  // namespace latchkey::server
