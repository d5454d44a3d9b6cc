// Waits for room in the log before something is done that must be logged. For coroutines on core threads.
#pragma once

#include <chrono>

#include "latchkey/base/log.h"
#include "latchkey/base/result.h"
#include "latchkey/runtime/loop.h"
#include "latchkey/runtime/task.h"

namespace latchkey::api {

/// How long a login or a change waits for room before it is answered with 503 (P-14).
inline constexpr std::chrono::milliseconds kLogRoomPatience{1000};

/// Takes room for one line without blocking the core. The result holds none (LogRoom::is_held) if none became
/// free in time.
runtime::Task<LogRoom> wait_for_log_room(runtime::Loop& loop, Log& log);

/// The error for that case: nothing was done because the log is full.
Error log_is_full();

}  // namespace latchkey::api
