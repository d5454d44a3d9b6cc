// Server: the whole process in the order of its start (docs/architecture.md): data, keys, sockets and rings
// on the main thread; then threads; then it serves until a signal ends it, drains, and ends. The main thread
// calls it, once.
#pragma once

#include <string>
#include <vector>

#include "latchkey/base/result.h"
#include "server/settings.h"

namespace latchkey::server {

/// How the process ended, as its exit status.
inline constexpr int kExitDone = 0;
inline constexpr int kExitRefused = 1;  ///< it did not start; standard error says why
/// What is on disk could not be trusted any more (a failed fsync): EX_IOERR of sysexits.h.
inline constexpr int kExitFatal = 74;

/// Serves until a signal ends it. `warnings` of the settings go to the log. Errors are of the start alone,
/// each with what to do.
Result<void> serve(const Settings& settings, const std::vector<std::string>& warnings);

}  // namespace latchkey::server
