// Server: the whole process in the order of its start (`docs/architecture.md`). Data, keys, sockets and rings
// come first, on the main thread; then the threads. Then it serves until a signal, drains, and ends.
// Thread: the main thread calls it, once.
#pragma once

#include "latchkey/base/result.h"
#include "server/settings.h"

namespace latchkey::server {

// The exit statuses of the process. The comment above each is what the manual page and docs/reference say of
// it.

/// It ended in order, or what was asked for is good.
inline constexpr int kExitDone = 0;
/// It did not start, or what `--check` looked at is not good; standard error says why, and what to do.
inline constexpr int kExitRefused = 1;
/// `--explain` was given a name that no event has.
inline constexpr int kExitUsage = 2;
/// The disk refused to keep what was written. The next start checks the whole database.
inline constexpr int kExitFatal = 74;  // EX_IOERR of sysexits.h

/// Serves until a signal ends the run. The settings' warnings go to the log.
/// Requires: the settings have no problem.
/// Errors: only the start's, each with what to do.
Result<void> serve(const LoadedSettings& loaded);

}  // namespace latchkey::server
