// Server: the whole process in the order of its start (`docs/architecture.md`). Data, keys, sockets and rings
// come first, on the main thread; then the threads. Then it serves until a signal, drains, and ends.
// Thread: the main thread calls it, once.
#pragma once

#include <string>
#include <vector>

#include "latchkey/base/result.h"
#include "server/settings.h"

namespace latchkey::server {

/// The exit statuses of the process.
inline constexpr int kExitDone = 0;
inline constexpr int kExitRefused = 1;  ///< it did not start; standard error says why
/// The data on disk can no longer be trusted (a failed fsync): EX_IOERR of sysexits.h.
inline constexpr int kExitFatal = 74;

/// Serves until a signal ends the run. The settings' `warnings` go to the log.
/// Errors: only the start's, each with what to do.
Result<void> serve(const Settings& settings, const std::vector<std::string>& warnings);

}  // namespace latchkey::server
